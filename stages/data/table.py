"""What reading a dataset's raw files gives: a tidy table, and an account of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """The tidy table of a dataset, and where its rows come from."""

    rows: pa.Table
    files: list[dict[str, Any]]  # name, bytes, encoding, rows
    rows_read: int
    rows_dropped: Mapping[str, int]  # reason → count
    notes: Mapping[str, Any] = field(default_factory=dict)  # what else was found out, for the report
    remarks: Sequence[str] = ()  # what the user should know, in sentences, for the terminal and the report
