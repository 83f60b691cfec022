"""A part's text, read in chunks: in memory is one work at a time, as UTF-8, and a piece of it decoded."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.runtime.progress import progress
from stages.tasks.generation.modeling.data import CHUNK

PIECE = 1 << 20  # bytes that are decoded at a time


class PartText:
    """A part's works as one text, in chunks that end with a line where one is near, so that no word is torn."""

    def __init__(self, path: Path) -> None:
        """Take the part's file."""
        self._path = path

    def __iter__(self) -> Iterator[str]:
        """Yield the chunks, of at most CHUNK characters."""
        with progress(desc="read", unit="character", unit_scale=True) as bar:
            rest = ""
            for piece in self._pieces():
                rest, start = rest + piece, 0
                while len(rest) - start >= CHUNK:
                    end = rest.rfind("\n", start, start + CHUNK) + 1 or start + CHUNK
                    yield rest[start:end]
                    start = end
                rest = rest[start:]
                bar.update(len(piece))
            while rest:
                end = rest.rfind("\n") + 1 or len(rest)
                yield rest[:end]
                rest = rest[end:]

    def _pieces(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for batch in pq.ParquetFile(self._path).iter_batches(batch_size=1, columns=["text"]):
            for work in batch.column(0):
                content = memoryview(work.as_buffer())
                for start in range(0, len(content), PIECE):
                    yield decoder.decode(content[start : start + PIECE])


def count_characters(path: Path) -> int:
    """Return how many characters the works of a table or a part have together."""
    batches = pq.ParquetFile(path).iter_batches(batch_size=1, columns=["text"])
    return sum(pc.sum(pc.utf8_length(batch.column(0))).as_py() or 0 for batch in batches)
