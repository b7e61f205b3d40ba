"""The isolate keeps to the frames of core/worker/link/frames.py, one by one."""

from pathlib import Path

from core.worker.link.frames import CREDIT_BYTES, Kind, frame
from tests.core.worker.deno.host.peer import as_json, linked


async def test_ready_tells_handlers_and_classes(tmp_path: Path) -> None:
    source = "export class Box {}\nexport const n = 1;\nexport default { fetch() {}, scheduled() {} };"
    async with linked(tmp_path, source) as peer:
        assert await peer.expect(Kind.READY, 0) == {"handlers": ["fetch", "scheduled"], "classes": ["Box"]}


async def test_a_module_that_throws_is_told_with_file_and_line(tmp_path: Path) -> None:
    async with linked(tmp_path, "export default {};\nthrow new Error('no way');") as peer:
        told = await peer.expect(Kind.LOAD_FAILED, 0)
    assert told["message"] == "Error: no way\n    at worker.ts:2:7"


async def test_the_worker_is_loaded_without_rights(tmp_path: Path) -> None:
    source = """
      const state = async (name) => (await Deno.permissions.query({ name })).state;
      const states = await Promise.all(["read", "write", "net", "run", "env", "ffi", "sys"].map(state));
      export default { fetch: () => Response.json([...new Set(states)]) };
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        assert (await peer.expect(Kind.ANSWER))["bytes"] in (
            b'["denied"]',
            b'["prompt"]',
            b'["prompt","denied"]',
        )


async def test_a_request_is_answered_and_finished(tmp_path: Path) -> None:
    async with linked(tmp_path, "return new Response('hi', { headers: { a: 'b' } })") as peer:
        await peer.expect(Kind.READY)
        peer.request(7)
        answer = await peer.expect(Kind.ANSWER, 7)
        finished = await peer.expect(Kind.FINISHED, 7)
    assert (answer["status"], answer["body"], answer["bytes"]) == (200, {"inline": True}, b"hi")
    assert dict(answer["headers"])["a"] == "b"
    assert finished["alone"]
    assert 0.0 < finished["cpu_ms"] < 1000.0


async def test_frames_that_come_byte_by_byte_are_understood(tmp_path: Path) -> None:
    head = {"trace": "t", "method": "GET", "url": "http://a/", "headers": [], "body": 0, "cf": {}}
    data = frame(Kind.REQUEST, 5, as_json(head)) + frame(Kind.PING, 9)
    async with linked(tmp_path, "return new Response()") as peer:
        await peer.expect(Kind.READY)
        for at in range(len(data)):
            peer.writer.write(data[at : at + 1])
            await peer.writer.drain()
        assert [(await peer.receive())[:2] for _ in range(3)] in (
            [(Kind.ANSWER, 5), (Kind.FINISHED, 5), (Kind.PONG, 9)],
            [(Kind.ANSWER, 5), (Kind.PONG, 9), (Kind.FINISHED, 5)],
        )


async def test_a_frame_longer_than_any_buffer_is_understood(tmp_path: Path) -> None:
    async with linked(tmp_path, "return new Response(String(request.headers.get('x').length))") as peer:
        await peer.expect(Kind.READY)
        peer.request(1, headers=[["x", "y" * 3_000_000]])
        assert (await peer.expect(Kind.ANSWER))["bytes"] == b"3000000"


async def test_the_mark_tells_what_is_worked_on(tmp_path: Path) -> None:
    async with linked(tmp_path, "await fetch('http://x/')") as peer:
        await peer.expect(Kind.READY)
        peer.request(4)
        await peer.expect(Kind.CALL)
        assert peer.mark() == (4, 4)
        peer.request(5)
        call = await peer.expect(Kind.CALL)
        assert (call["request"], peer.mark()) == (5, (5, 5))
        peer.send(Kind.RESPONSE, 1, {"status": 200, "headers": [], "body": 0, "socket": 0})
        await peer.expect(Kind.FAILED, 4)
        assert peer.mark() == (4, 5)


async def test_what_was_answered_is_out_before_a_request_that_never_ends(tmp_path: Path) -> None:
    source = "if (request.url.endsWith('/loop')) for (;;); return new Response('out')"
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        both = [{"trace": "t", "method": "GET", "url": f"http://a/{path}"} for path in ("x", "loop")]
        rest = {"headers": [], "body": 0, "cf": {}}
        frames = [frame(Kind.REQUEST, n, as_json({**one, **rest})) for n, one in enumerate(both, 1)]
        peer.writer.write(b"".join(frames))
        await peer.expect(Kind.ANSWER, 1)
        peer.kill()


async def test_a_body_is_pulled_when_it_is_read_and_again_at_half(tmp_path: Path) -> None:
    async with linked(
        tmp_path, "await fetch('http://x/'); return new Response(await request.text())"
    ) as peer:
        await peer.expect(Kind.READY)
        peer.request(1, body=3, method="POST")
        await peer.expect(Kind.CALL)
        peer.send(Kind.RESPONSE, 1, {"status": 200, "headers": [], "body": 0, "socket": 0})
        assert int.from_bytes(await peer.expect(Kind.PULL, 3), "little") == CREDIT_BYTES
        peer.send(Kind.DATA, 3, b"a" * (CREDIT_BYTES // 2))
        assert int.from_bytes(await peer.expect(Kind.PULL, 3), "little") == CREDIT_BYTES // 2
        peer.send(Kind.DATA, 3, b"b")
        peer.send(Kind.END, 3)
        assert len((await peer.expect(Kind.ANSWER))["bytes"]) == CREDIT_BYTES // 2 + 1


async def test_a_body_that_breaks_off_rejects_its_reader(tmp_path: Path) -> None:
    source = "try { await request.text() } catch (error) { return new Response(error.message) }"
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1, body=3, method="POST")
        await peer.expect(Kind.PULL, 3)
        peer.send(Kind.ABORT, 3, b"the visitor left")
        assert (await peer.expect(Kind.ANSWER))["bytes"] == b"the visitor left"


async def test_an_own_stream_sends_no_more_than_was_pulled(tmp_path: Path) -> None:
    source = "return new Response(new Blob(['abcdefgh']).stream())"
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        stream = (await peer.expect(Kind.ANSWER))["body"]["stream"]
        assert stream % 2 == 0
        for part in (b"abc", b"def"):
            peer.pull(stream, 3)
            assert await peer.expect(Kind.DATA, stream) == part
        peer.pull(stream, 100)
        assert await peer.expect(Kind.DATA, stream) == b"gh"
        await peer.expect(Kind.END, stream)
        await peer.expect(Kind.FINISHED, 1)


async def test_an_answer_to_a_cancelled_request_is_not_sent(tmp_path: Path) -> None:
    source = """
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return new Response("too late");
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        peer.send(Kind.CANCEL, 1)
        await peer.expect(Kind.FINISHED, 1)


async def test_pong_tells_the_heap(tmp_path: Path) -> None:
    async with linked(tmp_path, "return new Response()") as peer:
        await peer.expect(Kind.READY)
        peer.send(Kind.PING, 3)
        assert (await peer.expect(Kind.PONG, 3))["heap_bytes"] > 100_000
