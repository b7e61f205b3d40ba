"""What goes through the door: one JSON object a line, in both directions.

A client sends commands, each with a number of its own; the engine answers each with one ``reply`` of
that number. After a subscription it also sends ``frame`` or ``event`` lines.
"""

from typing import Literal

import msgspec

from core.events.types import AnyEvent
from core.frames.frame import Frame
from core.frames.parts import NOTHING, Counts
from core.model.start_policies import StartPolicyName

InstanceActionName = Literal["start", "stop", "restart", "kill"]


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """The part that every command has."""

    id: int


class GetFrame(Command, frozen=True, kw_only=True, tag="get_frame"):
    """Ask for one frame."""


class SubscribeFrames(Command, frozen=True, kw_only=True, tag="subscribe_frames"):
    """Ask for frames: one now, then one whenever something changed, at most ``per_second`` a second."""

    per_second: float = 4.0


class SubscribeEvents(Command, frozen=True, kw_only=True, tag="subscribe_events"):
    """Ask for the events from here on: the reply carries the frame of this very moment."""


class InstanceAction(Command, frozen=True, kw_only=True, tag="instance"):
    """Start, stop, restart or kill an instance; start takes a stopped instance or a class name."""

    action: InstanceActionName
    instance: str


class SetLatency(Command, frozen=True, kw_only=True, tag="latency"):
    """Change the factor on emulated round trips: 0 adds none, 1 as estimated; at most 100."""

    scale: float


class Scale(Command, frozen=True, kw_only=True, tag="scale"):
    """Let a class have so many instances in a region from now on; None gives it back to its policy."""

    container: str
    region: str
    instances: int | None


class SetStartPolicy(Command, frozen=True, kw_only=True, tag="start_policy"):
    """Start the instances of a class in another way from now on."""

    container: str
    policy: StartPolicyName


class StopEngine(Command, frozen=True, kw_only=True, tag="stop_engine"):
    """Stop the deployment and the engine. The reply comes when all is removed."""


AnyCommand = (
    GetFrame
    | SubscribeFrames
    | SubscribeEvents
    | InstanceAction
    | SetLatency
    | Scale
    | SetStartPolicy
    | StopEngine
)


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="reply", omit_defaults=True):
    """The answer to the command ``id``. ``message`` says what went wrong, or what was done."""

    id: int
    ok: bool = True
    message: str = ""
    frame: Frame | None = None


class FramePush(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="frame"):
    """One frame: the first one of a subscription is whole.

    A later one holds only the finished requests, ended cold starts and decisions that this subscriber has not
    got yet; ``after`` counts those of the run that lie before them (see core/frames/parts.py).
    """

    frame: Frame
    after: Counts = NOTHING


class EventPush(msgspec.Struct, frozen=True, kw_only=True, tag_field="push", tag="event"):
    """One event; ``sequence`` goes on by one from the frame of the subscription, with no gap."""

    sequence: int
    event: AnyEvent


AnyPush = Reply | FramePush | EventPush
