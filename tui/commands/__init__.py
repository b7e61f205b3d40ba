"""One room a command. Each has ``run(arguments) -> exit code`` and imports what is heavy only there."""


class CommandFailed(Exception):
    """A command could not do what was asked: what happened and what to do next, and the exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
