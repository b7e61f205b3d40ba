"""What the dashboard changes of a running deployment: distances, how many instances, how they start."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from core.control.messages import Reply
from core.frames.frame import Frame
from core.model.start_policies import StartPolicyName
from tui.panes.decisions import ready_count
from tui.panes.header import distance_words
from tui.panes.regions import REGION_KEY
from tui.screens.operate import instance_of
from tui.source import FrameSource, SourceGone

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui.panes.widget import Pane

    _Base = Screen[None]
else:
    _Base = object

NEXT_SCALE = {1.0: 0.0, 0.0: 2.0}
"""What follows a factor on emulated distances when the key is pressed; after any other one they are real."""
POLICY_NOTES: dict[StartPolicyName, str] = {
    "plain": "create and start when a request needs it",
    "created": "created in advance, started when needed",
    "shared": "created, and its network stands already",
    "boosted": "no CPU limit until it is ready",
    "paused": "started in advance and frozen, then thawed",
}


def place_of(frame: Frame, pane: str, key: str) -> tuple[str, str]:
    """Return class and region of a selected row; empty where the row does not tell.

    A region with one class tells both; so does a deployment of one class in one region.
    """
    instance = instance_of(frame, pane, key)
    if instance is not None:
        return instance.container, instance.region
    if pane == "decisions" and "@" in key:
        container, _, region = key.partition("@")[0].partition("/")
        return container, region
    region = key.removeprefix(REGION_KEY) if key.startswith(REGION_KEY) else ""
    places = [place for place in places_of(frame) if region in ("", place[1])]
    return places[0] if len(places) == 1 else ("", region)


def places_of(frame: Frame) -> list[tuple[str, str]]:
    """Return every class with every region that may run it."""
    regions = [region.info.id for region in frame.regions]
    return [(one.name, region) for one in frame.containers for region in one.regions or regions]


def wanted_lines(frame: Frame, container: str, region: str, number: int) -> list[str]:
    """Say what a number of instances will do."""
    ready = ready_count(frame, container, region)
    now = next((one for one in frame.wanted if (one.container, one.region) == (container, region)), None)
    in_force = f", {now.instances} wanted ({now.policy})" if now is not None else ""
    lines = [f"{ready} ready now{in_force}."]
    if number > ready:
        lines.append(f"{number - ready} more start at once.")
    elif number < ready:
        lines.append(f"{ready - number} end once their requests are answered; their disks are lost.")
    if number == 0:
        lines.append("The next request waits for a cold start.")
    return lines


class Steer(_Base):
    """The actions of the dashboard on the deployment as a whole and on its classes."""

    frame: Frame
    latest: Frame
    source: FrameSource

    if TYPE_CHECKING:

        @property
        def pane(self) -> Pane: ...

    def action_latency(self) -> None:
        """Switch the emulated distance: real, off, twice, and real again."""
        scale = NEXT_SCALE.get(self.latest.latency_scale, 1.0)
        self._ask_engine(distance_words(scale) or "distance real", lambda: self.source.set_latency(scale))

    def action_scale(self) -> None:
        """Ask how many instances a class shall have in a region."""
        self._with_place(self._ask_number)

    def action_start_policy(self) -> None:
        """Ask how a class shall be started from now on."""
        container = self._place()[0]
        names = [one.name for one in self.frame.containers]
        if container or len(names) == 1:
            self._ask_policy(container or names[0])
        else:
            self._choose("Start policy", "Of which class?", {name: name for name in names}, self._ask_policy)

    def _place(self) -> tuple[str, str]:
        return place_of(self.frame, self.pane.spec.id, self.pane.view.selected)

    def _with_place(self, then: Callable[[str, str], None]) -> None:
        container, region = self._place()
        if container:
            then(container, region)
            return
        places = [place for place in places_of(self.frame) if region in ("", place[1])]
        answers = {f"{name}/{where}": f"{name} in {where}" for name, where in places}

        def chosen(answer: str) -> None:
            name, _, where = answer.partition("/")
            then(name, where)

        self._choose("Instances wanted", "Of which class, and where?", answers, chosen)

    def _choose(
        self, title: str, question: str, answers: dict[str, str], then: Callable[[str], None]
    ) -> None:
        from tui.screens.dialog import Choice, Dialog

        if not answers:
            self.notify("This deployment has no containers.", severity="warning", timeout=5)
            return
        if len(answers) > 9:
            self.notify("Select an instance first, with 1, then j and k.", severity="warning", timeout=5)
            return
        choices = [Choice(str(n), words, value) for n, (value, words) in enumerate(answers.items(), 1)]
        stacked = tuple(one._replace(note=" ") for one in choices) if len(choices) > 2 else tuple(choices)
        dialog = Dialog(title, [question], (*stacked, Choice("n", "Cancel", "")))
        self.app.push_screen(dialog, lambda answer: then(answer) if answer else None)

    def _ask_number(self, container: str, region: str) -> None:
        from tui.screens.number import AUTOMATIC, NumberDialog

        most = next((one.max_instances for one in self.frame.containers if one.name == container), 0)
        wanted = [
            one.instances for one in self.frame.wanted if (one.container, one.region) == (container, region)
        ]
        value = wanted[0] if wanted else ready_count(self.frame, container, region)

        def answered(answer: str | None) -> None:
            if answer:
                number = None if answer == AUTOMATIC else int(answer)
                words = f"{container} in {region}: {answer if number is None else f'{number} wanted'}"
                self._ask_engine(words, lambda: self.source.scale(container, region, number))

        dialog = NumberDialog(
            f"How many instances of {container} in {region}?",
            min(value, most),
            most,
            lambda number: wanted_lines(self.frame, container, region, number),
        )
        self.app.push_screen(dialog, answered)

    def _ask_policy(self, container: str) -> None:
        from tui.screens.dialog import Choice, Dialog

        now: StartPolicyName = next(
            (one.start_policy for one in self.frame.containers if one.name == container), "plain"
        )
        lines = [f"How instances of {container} are started from now on; it is {now} now."]
        lines += [
            f"{one.prepared} of {one.wanted} stand prepared in {one.region} ({one.policy})."
            for one in self.frame.standbys
            if one.container == container
        ]
        choices = tuple(
            Choice(str(number), name, name, note=note)
            for number, (name, note) in enumerate(POLICY_NOTES.items(), 1)
        )
        default = list(POLICY_NOTES).index(now)
        dialog = Dialog(f"Start policy of {container}", lines, (*choices, Choice("n", "Cancel", "")), default)

        def answered(answer: str | None) -> None:
            if answer:
                policy = cast(StartPolicyName, answer)
                words = f"start policy of {container}: {policy}"
                self._ask_engine(words, lambda: self.source.set_start_policy(container, policy))

        self.app.push_screen(dialog, answered)

    def _ask_engine(self, words: str, ask: Callable[[], Awaitable[Reply]]) -> None:
        self.run_worker(self._told(words, ask), group="actions", exit_on_error=True)

    async def _told(self, words: str, ask: Callable[[], Awaitable[Reply]]) -> None:
        try:
            reply = await ask()
        except SourceGone as gone:
            self.notify(str(gone), title=f"Not done: {words}", severity="error", timeout=8)
            return
        if reply.ok:
            self.notify(reply.message or f"{words}: done.", timeout=4)
        else:
            self.notify(reply.message, title=f"Not done: {words}", severity="error", timeout=8)
