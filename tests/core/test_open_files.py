import resource

from core.open_files import ENOUGH, allow_many


def test_the_soft_limit_is_raised_as_far_as_it_may_and_needs_to_be() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        allow_many()
        expected = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (expected, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
