"""What a command reports and ends with: CommandError (exit code 1) ─ UsageError (2)."""


class CommandError(Exception):
    """A message for people: what, where, what to do."""

    exit_code = 1


class UsageError(CommandError):
    """The command was called wrongly."""

    exit_code = 2
