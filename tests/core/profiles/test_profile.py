"""What the profiles say, against the platform's documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.profiles.load import load_profile

TODAY, BETA = load_profile("ga"), load_profile("beta")


def test_the_instance_types_of_today_are_those_of_the_documentation() -> None:
    assert [tuple(one) for one in TODAY.instance_types.values()] == [
        ("lite", 1 / 16, 256, 2_000),
        ("basic", 1 / 4, 1_024, 4_000),
        ("standard-1", 1 / 2, 4_096, 8_000),
        ("standard-2", 1, 6_144, 12_000),
        ("standard-3", 2, 8_192, 16_000),
        ("standard-4", 4, 12_288, 20_000),
    ]


def test_an_account_of_today_holds_what_the_documentation_counts() -> None:
    account = TODAY.account
    holds = {
        name: min(account.vcpu / one.vcpu, account.memory_mib / one.memory_mib, account.disk_mb / one.disk_mb)
        for name, one in TODAY.instance_types.items()
    }
    assert holds["lite"] == pytest.approx(15_000)
    assert holds["basic"] == pytest.approx(6_000)
    assert holds["standard-1"] == pytest.approx(1_500, rel=0.03)
    assert holds["standard-2"] == pytest.approx(1_000, rel=0.03)


def violated(vcpu: float, memory_mib: int, disk_mb: int) -> list[str]:
    return [key for key, _ in TODAY.instances.custom.violations(vcpu, memory_mib, disk_mb)]


@pytest.mark.parametrize(
    ("vcpu", "memory_mib", "disk_mb", "keys"),
    [
        (1, 3_072, 20_000, []),
        (4, 12_288, 1, []),
        (0.5, 4_096, 1, ["vcpu"]),
        (5, 12_288, 1, ["vcpu", "memory_mib"]),
        (1, 3_071, 1, ["memory_mib"]),
        (1, 12_289, 20_001, ["memory_mib", "disk_mb"]),
    ],
)
def test_a_type_of_ones_own_keeps_the_bounds(
    vcpu: float, memory_mib: int, disk_mb: int, keys: list[str]
) -> None:
    assert violated(vcpu, memory_mib, disk_mb) == keys


@given(st.floats(0.01, 10), st.integers(1, 20_000), st.integers(1, 40_000))
def test_each_key_is_violated_at_most_once_and_the_beta_allows_all_that_is_allowed_today(
    vcpu: float, memory_mib: int, disk_mb: int
) -> None:
    keys = violated(vcpu, memory_mib, disk_mb)
    assert len(set(keys)) == len(keys)
    assert keys or not list(BETA.instances.custom.violations(vcpu, memory_mib, disk_mb))


def test_every_jurisdiction_holds_regions_that_are_not_limited() -> None:
    placement = TODAY.placement
    assert set(placement.jurisdictions) == {"eu", "us", "fedramp"}
    assert all(inside and not inside & placement.limited for inside in placement.jurisdictions.values())


def test_no_profile_has_a_gpu_and_only_todays_has_rollouts_and_constraints() -> None:
    assert "GPU" in TODAY.gpu.refusal
    assert "GPU" in BETA.gpu.refusal
    assert (TODAY.rollouts, BETA.rollouts) == (True, False)
    assert TODAY.placement.regions
    assert not BETA.placement.regions
