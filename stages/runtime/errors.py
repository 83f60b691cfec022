"""Errors for people: what is wrong, where, and what to do. They are shown without a traceback."""

import difflib
from collections.abc import Iterable, Sequence

SHOWN = 5  # things that a message lists before it only counts the others


class UserError(Exception):
    """Something that the user can mend."""

    exit_code = 1


class ConfigError(UserError):
    """params.yaml does not say what it should."""

    exit_code = 2


class UsageError(UserError):
    """The words of a command line do not go together."""

    exit_code = 2


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return a hint that names the nearest spelling, if one is near, and every valid choice."""
    choices = sorted(map(str, choices))
    near = difflib.get_close_matches(str(word), choices, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}valid: {', '.join(choices) or 'none'}"


def listed(items: Sequence[str], count: int | None = None) -> str:
    """Join the first few items and count the others. `count`: how many there are, if `items` has only the first."""
    more = (count or len(items)) - SHOWN
    return "; ".join(items[:SHOWN]) + (f"; … and {more} more" if more > 0 else "")
