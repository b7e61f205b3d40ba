from itertools import pairwise

from core.model.instance_types import ALIASES, INSTANCE_TYPES


def test_each_older_name_means_a_type_that_there_is() -> None:
    assert set(ALIASES.values()) <= INSTANCE_TYPES.keys()
    assert not ALIASES.keys() & INSTANCE_TYPES.keys()


def test_each_type_is_larger_than_the_one_before() -> None:
    for smaller, larger in pairwise(INSTANCE_TYPES.values()):
        assert smaller.vcpu < larger.vcpu
        assert smaller.memory_mib < larger.memory_mib
        assert smaller.disk_mb < larger.disk_mb
