"""Parquet: columns of any type, read a batch at a time."""

import json
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile

import pyarrow as pa
import pyarrow.parquet as pq

from stages.config.reading import TableReading
from stages.data.compression import compression_of, copy_bytes, too_large
from stages.data.raw import RawFile
from stages.data.tables import BATCH, BATCH_SIZE, Batch, Column, TableFile, distinct_names
from stages.runtime.errors import UserError


class Parquet(TableFile):
    """A Parquet file. An index that pandas wrote is a column like others, save that it is no value by itself."""

    FORMAT, ENDINGS = "parquet", (".parquet",)

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        try:
            if compression_of(file) == "none":
                self._parquet = pq.ParquetFile(file.path)
            else:
                unpacked = TemporaryFile()  # noqa: SIM115 - the reader keeps it open, and closing removes it
                copy_bytes(file, unpacked)
                self._parquet = pq.ParquetFile(unpacked)
        except (OSError, pa.ArrowInvalid) as error:
            raise self._damaged(error) from None

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return the columns' names; see `TableFile.names`."""
        names = list(self._parquet.schema_arrow.names)
        self.check_columns(names, wanted)
        return names

    def index_names(self) -> set[str]:
        """Return the columns of the index, if pandas wrote the file."""
        metadata = (self._parquet.schema_arrow.metadata or {}).get(b"pandas")
        index = json.loads(metadata).get("index_columns", []) if metadata else []
        return {name for name in index if isinstance(name, str)}

    def batches(self, wanted: Sequence[Column]) -> Iterator[Batch]:
        """Yield the records in batches, each column as Arrow has it; see `TableFile.batches`."""
        self.names(wanted)
        names = distinct_names(wanted)
        unpacked = 0
        try:
            for part in self._parquet.iter_batches(self._batch_rows(), columns=names):
                unpacked += part.nbytes
                if unpacked > self.reading.unpack_limit:
                    raise too_large(self.file)
                columns = dict(zip(part.schema.names, part.columns, strict=True))
                rows = range(self.rows + 1, self.rows + part.num_rows + 1)
                yield Batch(rows, {name: columns[name] for name in names})
                self.rows += part.num_rows
        except (OSError, pa.ArrowInvalid) as error:
            raise self._damaged(error) from None
        self.note_if_empty()

    def _batch_rows(self) -> int:
        """Return how many records a batch has, so that it does not grow too large."""
        metadata = self._parquet.metadata
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        return max(1, min(BATCH, BATCH_SIZE * metadata.num_rows // max(size, 1)))

    def _damaged(self, error: Exception) -> UserError:
        return UserError(
            f"{self.path} is not a whole Parquet file ({error}): fetch it anew, or set {self.file.key('format')}"
        )
