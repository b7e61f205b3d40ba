import pytest

from core.edge.errors import PlatformCode, platform_error
from core.http.messages import find_header
from tests.core.edge.world import body_of

RAY = "0123456789abcdef-IAD"


@pytest.mark.parametrize(("code", "status"), [(1101, 500), (1102, 503)])
@pytest.mark.parametrize("accept", [None, b"*/*", b"application/json"])
async def test_who_asks_for_no_page_gets_a_line(
    code: PlatformCode, status: int, accept: bytes | None
) -> None:
    response = platform_error(code, RAY, accept)
    assert response.status == status
    assert find_header(response.headers, b"content-type") == b"text/plain; charset=UTF-8"
    body = await body_of(response)
    assert body == f"error code: {code}".encode()
    assert find_header(response.headers, b"content-length") == str(len(body)).encode()


@pytest.mark.parametrize("accept", [b"text/html", b"application/xml,Text/HTML;q=0.9"])
async def test_who_accepts_html_gets_a_page_with_code_and_ray(accept: bytes) -> None:
    response = platform_error(1102, RAY, accept)
    assert response.status == 503
    assert find_header(response.headers, b"content-type") == b"text/html; charset=UTF-8"
    body = (await body_of(response)).decode()
    assert "1102" in body
    assert RAY in body


async def test_a_page_shows_a_ray_as_text_only() -> None:
    body = await body_of(platform_error(1101, "<script>", b"text/html"))
    assert b"<script>" not in body
