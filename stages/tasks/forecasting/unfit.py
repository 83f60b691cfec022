"""Series that cannot be used: all of them named at once and refused, or dropped and counted."""

from collections import Counter
from typing import Literal

import pandas as pd

from stages.runtime.errors import UserError

SHOWN = 20  # series that a message names
Rule = Literal["refuse", "drop"]


class Unfit:
    """The series that are not fit so far, and why."""

    def __init__(self, rule: Rule, key: str) -> None:
        """Start with none. `key`: where the rule stands in params.yaml, for messages."""
        self._rule, self._key = rule, key
        self._messages: dict[int, str] = {}
        self._reasons: dict[int, str] = {}

    @property
    def numbers(self) -> list[int]:
        """The numbers of these series."""
        return list(self._messages)

    def add(self, number: int, reason: str, message: str) -> None:
        """Note a series by its number; the first reason counts."""
        self._messages.setdefault(int(number), message)
        self._reasons.setdefault(int(number), reason)

    def settle(self, total: int) -> None:
        """Refuse the series noted so far, unless the rule drops them and others are left.

        Raises:
            UserError: names the first of them with what is wrong, and counts the others.
        """
        if not self._messages or (self._rule == "drop" and len(self._messages) < total):
            return
        lines = list(self._messages.values())
        if len(lines) == 1 < total:
            raise UserError(f"{lines[0]}. To leave such series out, set {self._key} to drop")
        if len(lines) == 1:
            raise UserError(lines[0])
        more = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        hint = "" if len(lines) == total else f"; to leave them out, set {self._key} to drop"
        head = f"{len(lines)} of {total} series cannot be used{hint}:"
        raise UserError("\n  ".join([head, *lines[:SHOWN], *more]))

    def dropped_values(self, series: "pd.Series[str]") -> Counter[str]:
        """Count the values of these series by reason. `series`: of every value, numbered as they come up."""
        sizes = pd.Series(pd.factorize(series)[0]).value_counts()
        counts: Counter[str] = Counter()
        for number, reason in self._reasons.items():
            counts[f"of a series {reason}"] += int(sizes.get(number, 0))
        return counts
