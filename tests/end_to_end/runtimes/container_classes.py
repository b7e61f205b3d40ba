"""Behaviours of container classes: instances by name, the class's hooks and methods."""

from core.events.types import InstanceChanged
from tests.end_to_end.runtimes.site import Behaviours, Site

behaviour = Behaviours()


@behaviour("`getContainer(binding, name)`: one instance a name")
async def same_instance(site: Site) -> None:
    first, again, other = (await site.get("/same-instance")).json()
    assert first == again
    assert first != other


@behaviour("`getRandom(binding, n)`")
async def random(site: Site) -> None:
    assert (await site.get("/random")).text == "200"


@behaviour("The class's `envVars` reach the container")
async def class_environment(site: Site) -> None:
    assert (await site.get("/class-environment")).text == "from the class"


@behaviour("A method of the class is called by its stub")
async def method(site: Site) -> None:
    assert (await site.get("/method")).text == "42"


@behaviour("`switchPort`: a port where nothing listens is the platform's error")
async def other_port(site: Site) -> None:
    response = await site.get("/other-port")
    assert response.status_code == 500
    assert response.text.startswith("Error proxying request to container")


@behaviour("`startAndWaitForPorts`, `getState`, `destroy`")
async def cycle(site: Site) -> None:
    assert (await site.get("/cycle")).json() == ["healthy"]
    await site.running.wait_for(
        InstanceChanged, lambda one: "cycled" in one.instance and one.state == "stopped"
    )


@behaviour("Hooks are called: `onStart`, and `onStop` with the exit code")
async def hooks(site: Site) -> None:
    response = await site.get("/exit-status?0")
    assert response.status_code == 500
    assert response.text.startswith("Container suddenly disconnected, try again")
    await site.logged("hook: started")
    await site.logged("hook: stopped 0 exit")
    await site.get("/exit-status?7")
    await site.logged("hook: stopped 7 exit")
