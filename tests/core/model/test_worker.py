from typing import Any

import pytest
from pydantic import ValidationError

from core.model.worker import Limits, Worker


@pytest.mark.parametrize(
    ("main", "runtime", "name"),
    [
        ("worker.py", "auto", "python"),
        ("src/index.ts", "auto", "deno"),
        ("worker.mjs", "auto", "deno"),
        ("worker.js", "workerd", "workerd"),
    ],
)
def test_the_file_says_what_runs_it_unless_the_table_does(main: str, runtime: Any, name: str) -> None:
    assert Worker(main=main, runtime=runtime).runtime_name == name


def test_limits_are_the_platform_s_where_none_are_given() -> None:
    limits = Worker(main="w.js").limits
    assert (limits.cpu_ms, limits.memory_mib, limits.sub_requests, limits.request_body_mb) == (
        30_000,
        128,
        10_000,
        100,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpu_ms": 0},
        {"cpu_ms": 300_001},
        {"memory_mib": 15},
        {"memory_mib": 4097},
        {"sub_requests": 0},
        {"request_body_mb": 5001},
    ],
)
def test_a_limit_outside_its_bounds_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)


@pytest.mark.parametrize(
    "outbound", ["internet", "none", ("api.example.com", "127.0.0.1:9000", "[::1]:80", "internet"), ()]
)
def test_outbound_is_everybody_nobody_or_a_list(outbound: Any) -> None:
    assert Worker(main="w.js", outbound=outbound).outbound == outbound


@pytest.mark.parametrize("outbound", ["some", ("https://example.com",), ("a b",), ("host:port",)])
def test_what_is_no_host_is_refused(outbound: Any) -> None:
    with pytest.raises(ValidationError):
        Worker(main="w.js", outbound=outbound)


def test_a_cron_expression_is_checked_when_it_is_read() -> None:
    assert Worker(main="w.js", crons=("*/5 * * * *",)).crons == ("*/5 * * * *",)
    with pytest.raises(ValidationError, match="no cron expression"):
        Worker(main="w.js", crons=("every day",))
