"""Bodies beyond the limit: refused at once where their length is told, else as soon as they are too long."""

from core.http.messages import Headers, Request, Response, text_response
from core.model.worker import Limits, Worker
from core.worker.runtime import WorkerFailed
from tests.core.edge.world import Script, World, body_of, chunks, hello

HALF = bytes(500_001)
ONE_MB = Worker(main="worker.py", limits=Limits(request_body_mb=1))


async def reads(_world: World, _trace_id: str, request: Request) -> Response:
    """Read the whole body; an exception in it is the Worker's."""
    assert request.body is not None
    try:
        return text_response(200, str(len(b"".join([chunk async for chunk in request.body]))))
    except Exception as error:
        raise WorkerFailed(f"uncaught: {error}") from error


async def catches(_world: World, _trace_id: str, request: Request) -> Response:
    """Read the body, and answer whatever happens."""
    assert request.body is not None
    try:
        return text_response(200, str([len(chunk) async for chunk in request.body]))
    except Exception:
        return text_response(200, "caught")


def upload(script: Script, *parts: bytes, headers: Headers | None = None) -> tuple[World, int, bytes]:
    """Send a body, and return the world, the answer's status and its body."""
    world = World(script, worker=ONE_MB)

    async def main() -> tuple[int, bytes]:
        response = await world.edge.handle(Request("POST", "/", headers or [], chunks(*parts)))
        return response.status, await body_of(response)

    return world, *world.run(main())


def test_a_length_beyond_the_limit_is_refused_before_the_worker_is_asked() -> None:
    world, status, body = upload(hello, headers=[(b"content-length", b"1000001")])
    assert (status, body) == (413, b"Request Entity Too Large")
    assert world.runtime.seen == []
    assert "longer than 1 MB" in world.last.error
    assert [hop.name for hop in world.last.trace] == ["visitor_to_edge", "edge"]


def test_a_body_as_long_as_the_limit_passes() -> None:
    _, status, body = upload(reads, bytes(1_000_000), headers=[(b"content-length", b"1000000")])
    assert (status, body) == (200, b"1000000")


def test_a_body_that_turns_out_too_long_fails_the_worker_s_read_and_is_refused() -> None:
    for script in (reads, catches):
        world, status, _ = upload(script, HALF, HALF)
        assert status == 413
        assert world.last.outcome == "edge"
        assert "longer than 1 MB" in world.last.error


def test_a_body_that_nobody_reads_is_not_counted() -> None:
    assert upload(hello, HALF, HALF)[1:] == (200, b"hello")
