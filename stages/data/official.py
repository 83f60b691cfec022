"""Which files are the source's official parts, by their names; one rule for all tasks.

A file named `train`, `validation` or `test`, whatever its ending, is that part. So is a file with such a word in its
name, or another word for it, as in `my_train.csv`, `train-00000-of-00002.parquet`, `imdb.dev.tsv` or `TestSet.csv`, if
one file is named as train, and one as another part: a novel called `The Test` among others is none.
"""

import re
from collections.abc import Sequence

from stages.config.schema import PARTS, Part

WORDS: dict[str, Part] = {
    **dict.fromkeys(("train", "training", "trainset"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development", "devset", "valset"), "validation"),
    **dict.fromkeys(("test", "testing", "testset"), "test"),
}


def part_by_word(word: str) -> Part | None:
    """Return the part that a word names, in whatever case."""
    return WORDS.get(word.strip().lower())


def official_parts(names: Sequence[str]) -> dict[str, Part]:
    """Return the parts of those of a folder's files that are official parts by their names."""
    exact: dict[str, Part] = {name: part for name in names for part in PARTS if name.partition(".")[0] == part}
    named = {name: found.pop() for name in names if len(found := parts_in(name)) == 1}
    both = "train" in named.values() and len(set(named.values())) > 1
    return named | exact if both else exact


def parts_in(name: str) -> set[Part]:
    """Return the parts that the words of a file's name name: words end at signs, digits and capitals."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return {part for word in words if (part := part_by_word(word)) is not None}
