"""Who gets what a Worker prints or raises."""

from collections.abc import Callable
from typing import Literal

LogLevel = Literal["log", "warning", "error", "exception"]
OnLog = Callable[[str, LogLevel, str], None]
"""Gets trace id (empty outside of requests), level and text."""
