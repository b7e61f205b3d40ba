"""Which Engine is asked, and who said so."""

import hashlib
import json
from pathlib import Path

import pytest

from core.containers.drivers.docker.endpoint import DEFAULT_URL, Endpoint, resolve_endpoint
from core.containers.drivers.protocol import DriverUnavailable


def write_context(folder: Path, name: str, url: str) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": url}}}))
    return {"DOCKER_CONFIG": str(folder)}


def test_the_declared_endpoint_goes_before_the_variable_and_that_before_the_context(tmp_path: Path) -> None:
    variables = write_context(tmp_path, "office", "unix:///office.sock")
    assert resolve_endpoint("", variables) == Endpoint("unix:///office.sock", "the docker context 'office'")
    variables["DOCKER_HOST"] = "tcp://10.0.0.1:2375"
    assert resolve_endpoint("", variables).url == "tcp://10.0.0.1:2375"
    assert resolve_endpoint("unix:///mine.sock", variables).url == "unix:///mine.sock"


@pytest.mark.parametrize("content", [None, "{}", '{"currentContext": "default"}', "[]"])
def test_without_a_word_from_anybody_it_is_the_usual_socket(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    assert resolve_endpoint("", {"DOCKER_CONFIG": str(tmp_path)}).url == DEFAULT_URL


def test_a_context_that_is_gone_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "gone"}')
    with pytest.raises(DriverUnavailable, match="'gone' does not exist") as error:
        resolve_endpoint("", {"DOCKER_CONFIG": str(tmp_path)})
    assert "docker context ls" in error.value.advice


def test_settings_that_cannot_be_read_are_told_by_path(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{half")
    with pytest.raises(DriverUnavailable, match=r"config\.json cannot be read"):
        resolve_endpoint("", {"DOCKER_CONFIG": str(tmp_path)})


def test_ssh_is_refused_with_the_way_to_forward_the_socket() -> None:
    with pytest.raises(DriverUnavailable) as error:
        resolve_endpoint("ssh://me@host", {})
    assert "ssh -N -L" in error.value.advice
    assert "me@host" in error.value.advice


def test_tls_is_refused_where_it_is_asked_for() -> None:
    with pytest.raises(DriverUnavailable, match="TLS"):
        resolve_endpoint("tcp://host:2376", {"DOCKER_TLS_VERIFY": "1"})


@pytest.mark.parametrize(
    ("url", "address", "host", "local"),
    [
        ("unix:///run/docker.sock", "/run/docker.sock", "127.0.0.1", True),
        ("tcp://127.0.0.1", ("127.0.0.1", 2375), "127.0.0.1", True),
        ("tcp://localhost:99", ("localhost", 99), "localhost", True),
        ("tcp://[::1]:99", ("::1", 99), "::1", True),
        ("http://192.0.2.1:99", ("192.0.2.1", 99), "192.0.2.1", False),
        ("tcp://far.example:99", ("far.example", 99), "far.example", False),
    ],
)
def test_an_address_is_a_socket_or_a_host_and_port(
    url: str, address: str | tuple[str, int], host: str, local: bool
) -> None:
    endpoint = Endpoint(url, "a test")
    assert (endpoint.address, endpoint.host, endpoint.is_local) == (address, host, local)
