"""Remarks: what the user should know of a stage that did its work, in sentences."""

import sys
from collections.abc import Iterable, Mapping, Sequence


def with_remarks(remarks: Sequence[str]) -> dict[str, list[str]]:
    """Return what a report gains by remarks, which is nothing where there are none."""
    return {"remarks": list(remarks)} if remarks else {}


def print_remarks(remarks: Iterable[str]) -> None:
    """Say remarks on the terminal, beside the lines that every run prints."""
    for remark in remarks:
        print(f"note: {remark}", file=sys.stderr)


def dropped_rows(dropped: Mapping[str, int]) -> str:
    """Word how many rows were dropped, by reason."""
    return ", ".join(f"{count} dropped ({reason})" for reason, count in dropped.items())
