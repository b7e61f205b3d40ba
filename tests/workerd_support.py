"""Where tests find workerd, and what happens without it."""

import os

import pytest

REQUIRE_VARIABLE = "HYBRID_REQUIRE_WORKERD"


def need_workerd() -> None:
    """Skip the test where there is no workerd; fail it where there must be one."""
    from core.worker.workerd.find import find_workerd

    if find_workerd() is not None:
        return
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"there is no workerd ({REQUIRE_VARIABLE}=1 asks for it)", pytrace=False)
    pytest.skip("there is no workerd: npm install workerd, or put it on the PATH")
