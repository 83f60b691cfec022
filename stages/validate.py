"""Raw files → one tidy table, if it meets the dataset's expectations; a report of it in any case."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.reporting.validation import failure_message, make_report, render
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import atomic_write, remove, write_json, write_text
from stages.runtime.remarks import dropped_rows, print_remarks
from stages.tasks.discovery import find_task


def validate(dataset: Dataset) -> None:
    """Read a dataset's raw files, hold them against its expectations, and write the table and a report.

    Raises:
        UserError: the files cannot be read, or an expectation is not met; then no table is written.
    """
    from stages.data.expectations import check_table

    remove(dataset.table)  # a table that passed once must not outlive a validation that fails
    items = read_expectations(dataset.expectations)
    table = find_task(dataset.task).read(dataset)
    note_guessed_encodings(dataset, table.files)
    print_remarks(table.remarks)
    report = make_report(dataset.name, table, check_table(table.rows.to_pandas(), items, dataset.expectations))
    page = dataset.report("validation").with_suffix(".html")
    write_json(dataset.report("validation"), report)
    write_text(page, render(report))
    if not report["success"]:
        raise UserError(failure_message(report, dataset.expectations, page))
    write_table(dataset.table, table.rows)
    rows = ", ".join(filter(None, [f"{report['rows']} rows", dropped_rows(table.rows_dropped)]))
    print(f"{dataset.name}: {rows}, {len(report['expectations'])} expectations met")


def read_expectations(path: Path) -> list[dict[str, Any]]:
    """Read a dataset's list of expectations.

    Raises:
        UserError: the file is missing, or holds no list.
    """
    try:
        items = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `python -m stages.check` writes a starter to edit") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UserError(f"{path}:{mark.line + 1}: not valid YAML: {error.problem or error.context}") from None
    except ValueError as error:
        raise UserError(f"{path} is not UTF-8 text: {error}") from None
    if not isinstance(items, list) or not items:
        raise UserError(f"{path} must be a list of expectations, each with a 'type' and its arguments")
    return items


def write_table(path: Path, rows: pa.Table) -> None:
    """Write the tidy table as Parquet, with the same bytes for the same rows."""
    with atomic_write(path) as partial:
        pq.write_table(rows, partial, compression="zstd")


def note_guessed_encodings(dataset: Dataset, files: Iterable[dict[str, Any]]) -> None:
    """Say which encodings were guessed: a wrong guess fails nowhere, it only garbles letters."""
    for file in files:
        if file.get("encoding_guessed"):
            print(
                f"note: {file['name']} is not UTF-8 but '{file['encoding']}', as far as detection can tell: "
                f"look at its texts, and settle {dataset.key('reading.encoding')} in params.yaml",
                file=sys.stderr,
            )


def main(dataset: str) -> None:
    """Read a dataset's raw files, hold them against its expectations, and write the table and a report."""
    validate(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
