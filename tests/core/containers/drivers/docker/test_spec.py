"""What the Engine is asked for."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.containers.drivers.docker.spec import container_body, environment, network_body
from core.model.instance_types import INSTANCE_TYPES
from tests.core.containers.drivers.docker.conftest import make_plan


@given(st.sampled_from(sorted(INSTANCE_TYPES)), st.integers(1, 128))
def test_limits_are_the_instance_types_as_far_as_the_host_has_processors(name: str, host_cpus: int) -> None:
    host = container_body(make_plan("app", instance_type=name), "app", "net", {}, host_cpus, None)[
        "HostConfig"
    ]
    limits = INSTANCE_TYPES[name]
    assert host["Memory"] == host["MemorySwap"] == limits.memory_mib * 1024**2
    assert 10_000_000 <= host["NanoCpus"] <= host_cpus * 1_000_000_000
    assert host["NanoCpus"] == min(limits.vcpu, host_cpus) * 1_000_000_000


def test_the_port_is_published_on_one_address_only_and_only_where_it_must() -> None:
    plan = make_plan("app", port=9090)
    assert "PortBindings" not in container_body(plan, "app", "net", {}, 2, None)["HostConfig"]
    published = container_body(plan, "app", "net", {}, 2, "127.0.0.1")["HostConfig"]["PortBindings"]
    assert published == {"9090/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}


@pytest.mark.parametrize(("env", "port"), [({}, "8080"), ({"A": "1"}, "8080"), ({"PORT": "1"}, "1")])
def test_the_port_is_told_in_a_variable_unless_the_user_sets_it(env: dict[str, str], port: str) -> None:
    assert environment(make_plan("app", env=env)) == {**env, "PORT": port}


def test_a_network_has_an_explicit_range_and_its_marks() -> None:
    body = network_body("net", IPv4Network("10.224.7.0/24"), {"mark": "x"})
    assert body["IPAM"]["Config"] == [{"Subnet": "10.224.7.0/24", "Gateway": "10.224.7.1"}]
    assert (body["Labels"], body["CheckDuplicate"]) == ({"mark": "x"}, True)
