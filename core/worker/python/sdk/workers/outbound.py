"""Requests of the Worker to the internet, which a local deployment does not make."""

from typing import Any, NoReturn


async def fetch(resource: Any, **options: Any) -> NoReturn:
    """Refuse: a Worker here reaches its bindings only. Raises RuntimeError."""
    target = getattr(resource, "url", resource)
    raise RuntimeError(
        f"fetch({str(target)!r}): requests to the internet are not made from here yet; "
        "reach a container with env.BINDING.fetch(request)"
    )
