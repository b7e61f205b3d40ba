"""WebSockets: the Worker's own pairs, a container's socket handed on or spoken with, and their ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.worker.link.frames import Kind
from tests.core.worker.deno.host.peer import Peer, linked

ECHO = """
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => {
    server.send(typeof data === "string" ? `${data}!` : data);
  });
  server.onclose = ({ code, reason, wasClean }) => console.log(`closed ${code} ${reason} ${wasClean}`);
  return new Response(null, { status: 101, webSocket: client });
"""
TEXT, BINARY = b"\0", b"\1"
SWITCHING = {"status": 101, "headers": [["sec-websocket-protocol", "p"]], "body": 0, "socket": 5}


@asynccontextmanager
async def opened(folder: Path, source: str) -> AsyncIterator[tuple[Peer, Any]]:
    """Ask the Worker once; give the link and the answer's socket."""
    async with linked(folder, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1, headers=[["upgrade", "websocket"]])
        answer = await peer.expect(Kind.ANSWER)
        assert answer["status"] == 101
        yield peer, answer["socket"]


async def test_a_pair_speaks_with_the_visitor(tmp_path: Path) -> None:
    async with opened(tmp_path, ECHO) as (peer, socket):
        number = socket["own"]
        peer.send(Kind.ACCEPT, number)
        for message, reply in ((TEXT + "hü".encode(), TEXT + "hü!".encode()), (BINARY + b"\x00\xff",) * 2):
            peer.send(Kind.MESSAGE, number, message)
            assert await peer.expect(Kind.MESSAGE, number) == reply


async def test_a_visitors_close_is_answered_and_ends_the_request(tmp_path: Path) -> None:
    async with opened(tmp_path, ECHO) as (peer, socket):
        peer.send(Kind.ACCEPT, socket["own"])
        peer.send(Kind.CLOSE, socket["own"], {"code": 4001, "reason": "bye"})
        assert (await peer.expect(Kind.LOG))["text"] == "closed 4001 bye true"
        assert await peer.expect(Kind.CLOSE, socket["own"]) == {"code": 4001, "reason": "bye"}
        await peer.expect(Kind.FINISHED, 1)


async def test_a_lost_connection_closes_with_1006_and_nothing_is_answered(tmp_path: Path) -> None:
    async with opened(tmp_path, ECHO) as (peer, socket):
        peer.send(Kind.CLOSE, socket["own"], {"code": 1006, "reason": ""})
        assert (await peer.expect(Kind.LOG))["text"] == "closed 1006  false"
        await peer.expect(Kind.FINISHED, 1)


async def test_what_is_sent_before_the_handshake_is_done_waits_for_it(tmp_path: Path) -> None:
    source = ECHO.replace(
        "server.accept();", "server.accept(); server.send('early'); server.close(1000, 'done');"
    )
    async with opened(tmp_path, source) as (peer, socket):
        peer.send(Kind.PING, 1)
        await peer.expect(Kind.PONG)
        peer.send(Kind.ACCEPT, socket["own"])
        assert await peer.expect(Kind.MESSAGE) == TEXT + b"early"
        assert await peer.expect(Kind.CLOSE) == {"code": 1000, "reason": "done"}


async def test_a_containers_socket_is_handed_on_untouched(tmp_path: Path) -> None:
    async with linked(tmp_path, "return fetch(request)") as peer:
        await peer.expect(Kind.READY)
        peer.request(1, headers=[["upgrade", "websocket"]])
        await peer.expect(Kind.CALL)
        peer.send(Kind.RESPONSE, 1, SWITCHING)
        assert (await peer.expect(Kind.ANSWER))["socket"] == {"pass": 5}
        await peer.expect(Kind.FINISHED, 1)


async def test_a_worker_speaks_with_a_containers_socket(tmp_path: Path) -> None:
    source = """
      const { webSocket } = await fetch("http://c/", { headers: { upgrade: "websocket" } });
      webSocket.accept();
      webSocket.send(new Uint8Array([1, 2]));
      const { data } = await new Promise((resolve) => webSocket.addEventListener("message", resolve));
      webSocket.close(1000, "enough");
      return new Response(`heard ${data}`);
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        await peer.expect(Kind.CALL)
        peer.send(Kind.RESPONSE, 1, SWITCHING)
        await peer.expect(Kind.ACCEPT, 5)
        assert await peer.expect(Kind.MESSAGE, 5) == BINARY + b"\1\2"
        peer.send(Kind.MESSAGE, 5, TEXT + b"this")
        assert await peer.expect(Kind.CLOSE, 5) == {"code": 1000, "reason": "enough"}
        assert (await peer.expect(Kind.ANSWER))["bytes"] == b"heard this"
        peer.send(Kind.CLOSE, 5, {"code": 1000, "reason": "enough"})
        await peer.expect(Kind.FINISHED, 1)


async def test_new_websocket_connects_through_the_engine(tmp_path: Path) -> None:
    source = """
      const socket = new WebSocket("wss://there.example/live", ["p"]);
      const told = await new Promise((resolve) => {
        socket.onopen = () => socket.send("hello");
        socket.onmessage = ({ data }) => resolve([socket.url, socket.protocol, data]);
      });
      return Response.json(told);
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        call = await peer.expect(Kind.CALL)
        assert (call["url"], dict(call["headers"])["upgrade"]) == ("https://there.example/live", "websocket")
        peer.send(Kind.RESPONSE, 1, SWITCHING)
        await peer.expect(Kind.ACCEPT, 5)
        assert await peer.expect(Kind.MESSAGE, 5) == TEXT + b"hello"
        peer.send(Kind.MESSAGE, 5, TEXT + b"hi")
        assert (await peer.expect(Kind.ANSWER))["bytes"] == b'["wss://there.example/live","p","hi"]'


async def test_a_refused_websocket_is_an_error_and_a_close(tmp_path: Path) -> None:
    source = """
      const socket = new WebSocket("ws://there.example/");
      const heard = [];
      await new Promise((resolve) => {
        socket.onerror = () => heard.push("error");
        socket.onclose = ({ code }) => resolve(heard.push(code));
      });
      return Response.json([...heard, socket.readyState > 1]);
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        await peer.expect(Kind.CALL)
        peer.send(Kind.RESPONSE, 1, {"status": 404, "headers": [], "body": 0, "socket": 0})
        assert (await peer.expect(Kind.ANSWER))["bytes"] == b'["error",1006,true]'


async def test_both_ends_of_a_pair_may_stay_in_the_worker(tmp_path: Path) -> None:
    source = """
      const [one, other] = Object.values(new WebSocketPair());
      const told = [];
      try { one.send("x") } catch (error) { told.push(error.name) }
      one.accept();
      one.send("before accept");
      other.accept();
      told.push((await new Promise((resolve) => other.onmessage = resolve)).data);
      one.close(4000, "r");
      const { code, reason } = await new Promise((resolve) => other.onclose = resolve);
      try { one.send("x") } catch (error) { told.push(error.message) }
      return Response.json([...told, code, reason]);
    """
    async with linked(tmp_path, source) as peer:
        await peer.expect(Kind.READY)
        peer.request(1)
        told = (await peer.expect(Kind.ANSWER))["bytes"]
    assert told == b'["TypeError","before accept","Can\'t call WebSocket send() after close().",4000,"r"]'
