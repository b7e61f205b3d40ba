"""A deployment follows its profile: where its containers run, what it pays, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from core.events.codec import decode
from core.events.types import AnyEvent, EngineStarted, InstanceChanged, Notice, RequestFinished
from core.frames.fold import FrameFold
from tests.end_to_end.running import COMMAND, environment

WORKER = """
from containers import get_container
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/named"):
            return await get_container(self.env.APP, "cart").fetch(request)
        return await self.env.APP.fetch(request)
"""
DEPLOYMENT = """
name = "placed"
profile = "{profile}"
worker = "worker.py"
regions = [{{ id = "us-east" }}, {{ id = "eu-west" }}, {{ id = "ap-northeast" }}]
{top}
[[containers]]
binding = "APP"
image = "nginx"
{container}
[traffic]
requests_per_second = 4
cities = {{ "Tokyo" = 1, "Frankfurt" = 1, "Chicago" = 1 }}
paths = [{{ path = "/" }}, {{ path = "/named" }}]
"""


def run(
    folder: Path, container: str = "", *, profile: str = "ga", top: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a project with visitors from three parts of the world for a virtual minute."""
    (folder / "worker.py").write_text(WORKER)
    text = DEPLOYMENT.format(profile=profile, container=container, top=top)
    (folder / "hybrid.toml").write_text(text)
    return subprocess.run(
        [*COMMAND, "up", str(folder), "--driver", "simulated", "--headless", "--json",
         "--for", "1m", "--seed", "1"],
        env=environment(folder / "state"),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def events_of(done: "subprocess.CompletedProcess[str]") -> list[AnyEvent]:
    assert done.returncode == 0, done.stderr
    return [decode(line.encode()) for line in done.stdout.splitlines()]


def regions_of(events: list[AnyEvent]) -> dict[str, set[str]]:
    """Return the regions that answered the visitors of each city."""
    found: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event, RequestFinished) and event.outcome == "container":
            found.setdefault(event.city, set()).add(event.region)
    return found


def test_a_class_without_constraints_answers_each_visitor_from_the_nearest_region(tmp_path: Path) -> None:
    found = regions_of(events_of(run(tmp_path)))
    assert {"us-east", "eu-west", "ap-northeast"} == set().union(*found.values())


def test_a_class_under_a_jurisdiction_never_leaves_it_whether_instances_are_named_or_not(
    tmp_path: Path,
) -> None:
    events = events_of(run(tmp_path, 'constraints = { jurisdiction = "eu" }'))
    assert regions_of(events) == {city: {"eu-west"} for city in ("Tokyo", "Frankfurt", "Chicago")}
    instances = [one for one in events if isinstance(one, InstanceChanged)]
    assert {one.region for one in instances} == {"eu-west"}
    assert "cart" in {one.object_name for one in instances}
    started = events[0]
    assert isinstance(started, EngineStarted)
    assert started.containers[0].regions == ("eu-west",)


def test_the_beta_runs_in_the_one_region_chosen_and_is_billed_by_the_hour(tmp_path: Path) -> None:
    top = "prices = { container_hour_usd = 0.05 }"
    events = events_of(run(tmp_path, 'regions = ["us-east"]', profile="beta", top=top))
    assert set().union(*regions_of(events).values()) == {"us-east"}
    fold = FrameFold()
    for event in events:
        fold.apply(event)
    frame = fold.frame(0.0)
    assert frame.profile == "beta"
    assert frame.cost.book.startswith("beta, ")
    (hours,) = (line for line in frame.cost.lines if line.assumed)
    assert float(hours.quantity) > 0
    assert float(hours.amount_usd) == pytest.approx(float(hours.quantity) * 0.05)
    said = [one.message for one in events if isinstance(one, Notice)]
    assert "no price of a container-hour was ever published: $0.05 is assumed" in said


@pytest.mark.parametrize(
    ("profile", "container", "top", "words"),
    [
        ("ga", "gpu = 1", "", "containers[0].gpu: profile ga: the platform has no GPU instance type"),
        ("beta", 'gpu = "any"', "", "profile beta: there is no GPU in the beta yet"),
        ("beta", "", "", "the region is chosen at deployment; write one: regions = "),
        ("ga", 'regions = ["mars"]', "", 'there is no region "mars"; the regions are us-east, '),
        (
            "ga",
            'regions = ["eu-west", "us-east"]\nconstraints = { jurisdiction = "eu" }',
            "",
            "containers[0].regions[1]: us-east lies in ENAM, outside jurisdiction eu",
        ),
        ("ga", 'constraints = { regions = ["SAM"] }', "", "leaves no region: there are us-east in ENAM, "),
        ("gaa", "", "", 'profile: "gaa" is not allowed; write "ga" or "beta" (did you mean ga?)'),
        ("ga", "", "prices = { container_hour_usd = 1 }", "profile ga has published prices"),
    ],
)
def test_what_a_profile_does_not_offer_is_refused_in_its_words_and_nothing_starts(
    tmp_path: Path, profile: str, container: str, top: str, words: str
) -> None:
    done = run(tmp_path, container, profile=profile, top=top)
    assert done.returncode == 2
    assert words in done.stderr
    assert not done.stdout
