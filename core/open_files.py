"""How many files this process may have open: each instance and each connection of a visitor takes some."""

import contextlib
import resource

ENOUGH = 65_536
"""More are not asked for: programs that the process driver starts inherit the limit, and some of them close
every number below it one by one."""


def allow_many() -> None:
    """Raise the soft limit on open files towards the hard one, as servers of many connections do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
