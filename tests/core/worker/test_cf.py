from core.http.messages import Request
from core.worker.cf import cf_of


def test_what_the_edge_says_of_a_visitor_is_told_under_the_platforms_names() -> None:
    headers = [(b"cf-ray", b"a168da2cdf7c6157-NRT"), (b"cf-ipcity", b"Tokyo"), (b"cf-ipcountry", b"JP")]
    told = cf_of(Request("GET", "/", headers))
    assert told == {"httpProtocol": "HTTP/1.1", "city": "Tokyo", "country": "JP", "colo": "NRT"}


def test_what_the_edge_does_not_say_is_left_out() -> None:
    assert cf_of(Request("GET", "/", [(b"cf-ray", b"broken")])) == {"httpProtocol": "HTTP/1.1"}
