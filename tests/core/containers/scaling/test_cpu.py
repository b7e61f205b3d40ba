"""The mean CPU use of an instance over its last samples, as a share of its own limit."""

import pytest

from core.containers.scaling.cpu import CpuUse
from core.events.types import InstanceSample


def _sample(
    time_s: float, cpu_percent: float, instance: str = "app-1", region: str = "us-east"
) -> InstanceSample:
    return InstanceSample(
        time_s=time_s,
        instance=instance,
        container="app",
        region=region,
        kind="measured",
        memory_mib=1.0,
        app_memory_mib=1.0,
        memory_limit_mib=256.0,
        cpu_percent=cpu_percent,
        cpu_total_s=1.0,
    )


def _use(*samples: InstanceSample, vcpu: float = 0.5) -> CpuUse:
    use = CpuUse("app", "us-east", vcpu)
    for sample in samples:
        use.take(sample)
    return use


def test_it_is_the_mean_in_percent_of_the_limit() -> None:
    assert _use(_sample(8.0, 10.0), _sample(9.0, 30.0)).percent("app-1", 0.0, 10.0) == pytest.approx(40.0)


def test_old_samples_and_those_of_the_boot_do_not_count() -> None:
    use = _use(_sample(1.0, 50.0), _sample(7.0, 40.0), _sample(9.0, 10.0))
    assert use.percent("app-1", 0.0, 10.0) == pytest.approx(50.0)
    assert use.percent("app-1", 3.5, 10.0) == pytest.approx(20.0)
    assert use.percent("app-1", 8.0, 10.0) == 0.0


def test_nothing_known_is_no_use() -> None:
    use = _use(_sample(9.0, 50.0, region="eu-west"))
    assert use.percent("app-1", 0.0, 10.0) == 0.0
    assert use.percent("app-7", 0.0, 10.0) == 0.0


def test_more_than_the_limit_counts_as_the_limit() -> None:
    assert _use(_sample(9.0, 100.0), vcpu=0.0625).percent("app-1", 0.0, 10.0) == 100.0
