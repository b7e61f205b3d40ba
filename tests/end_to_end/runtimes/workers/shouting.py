"""A module beside the Worker's own."""


def shout(text: str) -> str:
    """Say it loud."""
    return f"{text.upper()}!"
