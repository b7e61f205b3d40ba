"""The marks on everything that the driver makes: whose it is, and whether its owner still runs."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from core.runs import process_lives

PREFIX = "io.hybrid-tui"
DEPLOYMENT = f"{PREFIX}.deployment"
REGION = f"{PREFIX}.region"
INSTANCE = f"{PREFIX}.instance"
CONTAINER = f"{PREFIX}.container"
SANDBOX = f"{PREFIX}.sandbox"
OWNER = f"{PREFIX}.owner"
HOST = f"{PREFIX}.host"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that made something: its number, when it started (s since 1970), and its machine."""

    pid: int
    started_s: float
    host: str

    @classmethod
    def this_process(cls) -> "Owner":
        """Return the mark of this very process."""
        return cls(os.getpid(), psutil.Process().create_time(), socket.gethostname())

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> "Owner | None":
        """Read the mark on a container or network; None where there is none to be read."""
        pid, _, started = labels.get(OWNER, "").partition(":")
        try:
            return cls(int(pid), float(started), labels.get(HOST, ""))
        except ValueError:
            return None

    @property
    def labels(self) -> dict[str, str]:
        """Return the mark as labels."""
        return {OWNER: f"{self.pid}:{self.started_s:.2f}", HOST: self.host}

    def is_same(self, other: "Owner | None") -> bool:
        """Say whether both marks are of one process; start times agree within a second."""
        return (
            other is not None
            and (self.pid, self.host) == (other.pid, other.host)
            and abs(self.started_s - other.started_s) < 1.0
        )

    def is_alive(self) -> bool:
        """Say whether the process still runs; one on another machine cannot be seen and counts as alive."""
        return self.host != socket.gethostname() or process_lives(self.pid, self.started_s)


def may_be_removed(labels: Mapping[str, str], me: Owner) -> bool:
    """Say whether a thing with these labels was left behind: by a process that ended, or by this one."""
    owner = Owner.of(labels)
    return owner is None or me.is_same(owner) or not owner.is_alive()


def label_filter(**labels: str) -> dict[str, list[str]]:
    """Make the Engine's filter for a deployment, and further labels by their last word."""
    return {"label": [f"{PREFIX}.{name}={value}" for name, value in labels.items()]}
