"""Bodies are handed on untouched where the Worker does not read them, and decoded where it does."""

import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.http.errors import BodyLost
from core.http.messages import Request, Response, one_chunk
from core.worker.runtime import SubRequest
from tests.core.worker.deno.loading import Reply, loaded

PLAIN = b"hello from the container\n" * 50
ZIPPED = gzip.compress(PLAIN, mtime=0)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)


def replying(
    body: AsyncIterator[bytes] | bytes, *headers: tuple[bytes, bytes], seen: list[object] | None = None
) -> Reply:
    async def reply(_sub: SubRequest, request: Request) -> Response:
        if seen is not None:
            seen.append(request.body)
        return Response(200, list(headers), one_chunk(body) if isinstance(body, bytes) else body)

    return reply


@pytest.mark.parametrize(
    "source",
    [
        "return env.BOX.fetch(request)",
        "return env.BOX.fetch(new Request(request, { headers: { a: 'b' } }))",
        "return env.BOX.fetch(new Request('http://c/', request))",
        "return env.BOX.fetch('http://c/', request)",
        "return env.BOX.fetch('http://c/', { method: 'POST', body: request.body })",
    ],
)
async def test_a_request_body_is_handed_on_by_reference(tmp_path: Path, source: str) -> None:
    seen: list[object] = []
    body = endless()
    async with loaded(tmp_path, source, replying(b"x", seen=seen), read_bodies=False) as worker:
        answer = await worker.fetch(method="POST", body=body)
    assert (answer.body, seen) == (b"x", [body])


@pytest.mark.parametrize(
    "source",
    [
        "return env.BOX.fetch(request)",
        "const r = await env.BOX.fetch(request); return new Response(r.body, r)",
        "const r = await env.BOX.fetch(request); return new Response(r.body, { headers: r.headers })",
    ],
)
async def test_a_response_body_is_handed_on_as_it_came(tmp_path: Path, source: str) -> None:
    body = one_chunk(ZIPPED)
    fields = [(b"Content-Encoding", b"gzip"), (b"Content-Length", str(len(ZIPPED)).encode())]
    async with loaded(tmp_path, source, replying(body, *fields)) as worker:
        answer = await worker.isolate.fetch("t1", Request("GET", "/", [(b"Host", b"a")]))
        assert answer.response.body is body
    assert {(name.lower(), value) for name, value in answer.response.headers} == {
        (name.lower(), value) for name, value in fields
    }


@pytest.mark.parametrize(
    ("encoding", "encoded"), [(b"gzip", ZIPPED), (b"deflate", zlib.compress(PLAIN)), (b"GZIP", ZIPPED)]
)
@pytest.mark.parametrize(
    "read",
    [
        "await r.text()",
        "await r.arrayBuffer()",
        "await new Response(r.body.pipeThrough(new TransformStream())).bytes()",
    ],
)
async def test_what_the_worker_reads_is_decoded(
    tmp_path: Path, encoding: bytes, encoded: bytes, read: str
) -> None:
    source = f"const r = await env.BOX.fetch(request); return new Response({read})"
    async with loaded(tmp_path, source, replying(encoded, (b"content-encoding", encoding))) as worker:
        assert (await worker.fetch()).body == PLAIN


async def test_without_its_encoding_a_body_is_answered_decoded(tmp_path: Path) -> None:
    source = "return new Response((await env.BOX.fetch(request)).body)"
    async with loaded(tmp_path, source, replying(ZIPPED, (b"content-encoding", b"gzip"))) as worker:
        assert (await worker.fetch()).body == PLAIN


async def test_the_workers_own_body_is_encoded_as_it_says(tmp_path: Path) -> None:
    source = "return new Response('own', { headers: { 'content-encoding': 'gzip' } })"
    async with loaded(tmp_path, source) as worker:
        answer = await worker.fetch()
    assert (gzip.decompress(answer.body), answer.fields("content-encoding")) == (b"own", ["gzip"])
    assert answer.fields("content-length") == [str(len(answer.body))]


async def test_what_the_worker_encoded_itself_is_left_alone(tmp_path: Path) -> None:
    source = "return new Response('own', { encodeBody: 'manual', headers: { 'content-encoding': 'gzip' } })"
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).body == b"own"


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_145, 3_000_000])
async def test_a_stream_of_any_size_goes_through_the_worker(tmp_path: Path, size: int) -> None:
    source = "return new Response(request.body.pipeThrough(new TransformStream()))"
    data = bytes(range(256)) * (size // 256 + 1)
    async with loaded(tmp_path, source) as worker:
        assert (await worker.post(data[:size])).body == data[:size]


async def test_large_content_made_at_once_arrives(tmp_path: Path) -> None:
    async with loaded(tmp_path, "return new Response('x'.repeat(5_000_000))") as worker:
        answer = await worker.fetch()
    assert (len(answer.body), set(answer.body)) == (5_000_000, {120})


async def test_a_copied_length_of_another_body_is_dropped(tmp_path: Path) -> None:
    source = """
      const r = await env.BOX.fetch(request);
      return new Response(r.body.pipeThrough(new TransformStream({
        transform(chunk, controller) { controller.enqueue(chunk); controller.enqueue(chunk); } })), r);
    """
    async with loaded(tmp_path, source, replying(b"abc", (b"content-length", b"3"))) as worker:
        answer = await worker.fetch()
    assert (answer.body, answer.fields("content-length")) == (b"abcabc", [])


async def test_a_stream_of_a_length_known_beforehand_says_it(tmp_path: Path) -> None:
    source = """
      const { readable, writable } = new FixedLengthStream(3);
      const writer = writable.getWriter();
      writer.write(new TextEncoder().encode("abc")).then(() => writer.close());
      return new Response(readable);
    """
    async with loaded(tmp_path, source) as worker:
        answer = await worker.fetch()
    assert (answer.body, answer.fields("content-length")) == (b"abc", ["3"])


@pytest.mark.parametrize(
    ("body", "read", "told"),
    [
        ("new URLSearchParams({ a: 'b c' })", "(await r.formData()).get('a')", "b c"),
        ("new Blob(['in a blob'], { type: 'x/y' })", "r.headers.get('content-type') + await r.text()", None),
        ("new TextEncoder().encode('bytes')", "await r.text()", "bytes"),
        ("'{\"a\":1}'", "(await r.json()).a", "1"),
        ("Object.assign(new FormData(), {})", "[...(await r.formData()).keys()].length", "0"),
    ],
)
async def test_each_kind_of_body_can_be_given_and_read(
    tmp_path: Path, body: str, read: str, told: str | None
) -> None:
    source = f"const r = new Response({body}); return new Response(String({read}))"
    async with loaded(tmp_path, source) as worker:
        assert (await worker.fetch()).text == (told or "x/yin a blob")


async def test_a_clone_is_read_beside_its_original(tmp_path: Path) -> None:
    source = """
      const copy = request.clone();
      const told = [await copy.text(), await request.text()];
      const r = await env.BOX.fetch("http://c/one");
      const other = r.clone();
      told.push(await r.text(), await other.text());
      return Response.json(told);
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.post(b"sent")).json == ["sent", "sent", "/one", "/one"]


async def test_a_body_is_read_once_only(tmp_path: Path) -> None:
    source = """
      await request.text();
      const told = [];
      for (const again of [() => request.text(), () => request.clone(), () => new Request(request)]) {
        try { await again() } catch (error) { told.push(error.message.slice(0, 26)) }
      }
      return Response.json(told);
    """
    async with loaded(tmp_path, source) as worker:
        assert (await worker.post(b"x")).json == ["Body has already been used"] * 3


async def test_a_stream_that_breaks_breaks_the_answer_and_is_logged(tmp_path: Path) -> None:
    source = """
      let count = 0;
      return new Response(new ReadableStream({ pull(controller) {
        if (count++) throw new Error("broke in the middle");
        controller.enqueue(new Uint8Array(10));
      } }));
    """
    async with loaded(tmp_path, source) as worker:
        with pytest.raises(BodyLost):
            await worker.fetch()
        assert (await worker.line("broke in the middle"))[1] == "exception"


async def test_a_stream_whose_reader_goes_away_is_cancelled(tmp_path: Path) -> None:
    source = """
      return new Response(new ReadableStream({
        pull(controller) { controller.enqueue(new Uint8Array(1000)) },
        cancel() { console.log("cancelled") },
      }));
    """
    async with loaded(tmp_path, source) as worker:
        answer = await worker.isolate.fetch("t1", Request("GET", "/", [(b"Host", b"a")]))
        body = answer.response.body
        assert body is not None
        assert len(await anext(body)) == 1000
        await body.aclose()  # type: ignore[attr-defined]
        await worker.line("cancelled")
