"""Raw files → one tidy table of works.

| column | type | meaning |
|---|---|---|
| id | string | the file's stem; its whole name where several files have one stem |
| file | string | the raw file's name |
| row | int64 | 1: a file is one work |
| text | string | its text; line ends are a newline each |
| part | string | train, validation or test where the file is named so, else null |
"""

from collections import Counter

import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.encoding import inspect_text
from stages.data.raw import account, part_remarks, raw_files
from stages.data.table import Table
from stages.runtime.progress import progress
from stages.tasks.generation.config import Reading

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("text", pa.large_string()),
        ("part", pa.string()),
    ]
)


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files, in the order of their names.

    Raises:
        UserError: there is no file, or one is not text of the encoding that `reading` names.
    """
    raw = raw_files(dataset, reading)
    stems = Counter(file.stem for file in raw)
    works, files = [], []
    for file in progress(raw, desc="read", unit="file"):
        source = inspect_text(file)
        with source.open() as stream:
            text = stream.read(-1 if reading.characters is None else reading.characters)
        files.append(account(file.path, int(bool(text)), source.encoding, source.guessed))
        if not source.blank:
            name = file.stem if stems[file.stem] == 1 else file.path.name
            work = {"id": name, "file": file.path.name, "row": 1, "text": text, "part": file.part}
            works.append(pa.Table.from_pylist([work], schema=SCHEMA))
    rows = pa.concat_tables([SCHEMA.empty_table(), *works]).combine_chunks()
    empty = len(raw) - len(works)
    return Table(rows, files, len(raw), {"empty file": empty} if empty else {}, remarks=part_remarks(raw))
