"""Spreadsheets of Excel and OpenDocument: every value is the text that it would be in CSV."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from stages.config.reading import TableReading
from stages.data.compression import copy_bytes, too_large
from stages.data.raw import RawFile
from stages.data.tables import Column, Record, RecordFile, distinct_names
from stages.runtime.errors import UserError, listed

if TYPE_CHECKING:
    from python_calamine import CalamineSheet


class Spreadsheet(RecordFile):
    """One sheet of a workbook. It is in memory as a whole; `unpack_limit` bounds it."""

    KEYS = frozenset({"columns", "skip_rows", "sheet"})
    FORMAT, ENDINGS = "spreadsheet", (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        self._sheet = self._open()

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return the names in the header, or those of `reading.columns`; see `TableFile.names`."""
        names = self._header(self._rows())
        self.check_columns(names, wanted)
        return names

    def records(self, wanted: Sequence[Column]) -> Iterator[Record | None]:
        """Yield each row's wanted cells."""
        rows, names = self._rows(), self.names(wanted)
        self._header(rows)
        places = [names.index(name) for name in distinct_names(wanted)]
        for _ in range(self.reading.skip_rows):
            next(rows, None)
        row = 0
        for cells in rows:
            if not any(map(str.strip, cells)):
                yield None
                continue
            row += 1
            if any(cells[len(names) :]):
                problem, advice = f"{len(names)} cells a row expected, but ", "name all columns, or empty these cells"
                self.faults.add(problem, advice, f"row {row} has {len(cells)}")
            values = [cells[place] if place < len(cells) else "" for place in places]
            yield sum(map(len, values)), values

    def header_advice(self) -> str:
        """Return how a sheet without a header is read."""
        return f", or set {self.file.key('columns')} if the sheet has no header"

    def _header(self, rows: Iterator[list[str]]) -> list[str]:
        return list(self.reading.columns or next((cells for cells in rows if any(map(str.strip, cells))), []))

    def _rows(self) -> Iterator[list[str]]:
        return ([_text(cell) for cell in cells] for cells in self._sheet.iter_rows())

    def _open(self) -> "CalamineSheet":
        from python_calamine import CalamineError, CalamineWorkbook

        with TemporaryFile() as unpacked:
            copy_bytes(self.file, unpacked, is_archive=True)
            try:
                self._refuse_too_large(unpacked)
                return self._chosen(CalamineWorkbook.from_filelike(unpacked))
            except (CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
                raise UserError(
                    f"{self.path} cannot be read as a spreadsheet ({error}): save it anew, or set "
                    f"{self.file.key('format')}"
                ) from None

    def _refuse_too_large(self, unpacked: Any) -> None:
        """Refuse a workbook, which is a zip archive in most formats, by what it says that it unpacks to."""
        if zipfile.is_zipfile(unpacked):
            with zipfile.ZipFile(unpacked) as archive:
                if sum(info.file_size for info in archive.infolist()) > self.reading.unpack_limit:
                    raise too_large(self.file)
        unpacked.seek(0)

    def _chosen(self, workbook: Any) -> "CalamineSheet":
        """Return the sheet that `reading.sheet` names, else the only one that people see and that holds something."""
        from python_calamine import SheetVisibleEnum

        key = self.file.key("sheet")
        if self.reading.sheet is not None:
            if self.reading.sheet not in workbook.sheet_names:
                names = listed(workbook.sheet_names)
                raise UserError(f"{self.path} has no sheet '{self.reading.sheet}': set {key} to one of {names}")
            return workbook.get_sheet_by_name(self.reading.sheet)
        visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        filled = [sheet for sheet in map(workbook.get_sheet_by_name, visible) if sheet.height]
        if not filled:
            raise UserError(f"{self.path} is empty: remove it, or put data into it")
        if len(filled) > 1:
            raise UserError(
                f"{self.path} has {len(filled)} sheets: set {key} to one of {listed([sheet.name for sheet in filled])}"
            )
        return filled[0]


def _text(cell: Any) -> str:
    """Return a cell's value as CSV has it: whole numbers without a point, times as in ISO 8601; an error is empty."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)
