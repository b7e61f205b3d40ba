"""Raw talk with a server, and two simple handlers to talk to."""

import asyncio

from core.http.messages import Request, Response, text_response

WAIT_S = 20


async def read_all(response: Response) -> bytes:
    if response.body is None:
        return b""
    return b"".join([chunk async for chunk in response.body])


async def echo_target(request: Request) -> Response:
    return text_response(200, f"{request.method} {request.target}")


async def echo_body(request: Request) -> Response:
    return Response(200, [(b"content-type", b"application/octet-stream")], request.body)


async def talk(port: int, data: bytes) -> bytes:
    """Send raw bytes and return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(WAIT_S):
        answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return answer
