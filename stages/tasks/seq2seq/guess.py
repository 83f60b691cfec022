"""What an entry of pairs would be, from the first rows of a table or from two aligned files."""

import re
from itertools import combinations
from pathlib import Path

import pandas as pd

from stages.tasks.guess import Choice, Column, Guess, Sample, Undecided, round_up

KNOWN = (  # what is read, and what is to be written
    ("source", "target"),
    ("src", "tgt"),
    ("src", "trg"),
    ("input", "output"),
    ("question", "answer"),
    ("document", "summary"),
    ("article", "highlights"),
    ("word", "pronunciation"),
    ("english", "french"),
    ("english", "german"),
    ("english", "spanish"),
    ("en", "fr"),
    ("en", "de"),
    ("en", "es"),
)
MOST_SYMBOLS = 150  # different tokens of a small alphabet, as of phones
LONGEST = 128  # tokens


def suits(sample: Sample) -> int:
    """Return how well data suit: see `Task.suits`."""
    if not sample.columns:
        sides = _sides(sample)
        return 0 if sides is None else 3 if _known_pair([*sides]) else 2
    if {"reading.source", "reading.target"} & sample.given.keys():
        return 3
    if _known_pair([column.name for column in sample.columns]):
        return 3
    found = _candidates(sample)
    if len(found) < 2:
        return 0
    return 2 if len(found) == len(sample.columns) == 2 else 1


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: which columns or files are the sources and the targets.
    """
    source, target, reading = _of_files(sample) if not sample.columns else _of_table(sample)
    remarks = sample.part_remarks()
    share = 0.1 if max(sample.rows, len(source.values)) < 2000 else 0.05
    drawn = [part for part in ("validation", "test") if part not in sample.parts]
    split = [sample.choose(f"split.{part}", share) for part in drawn]
    return Guess((*reading, *remarks, *split, *_side(sample, "source", source), *_side(sample, "target", target)))


# --- Two columns ---


def _candidates(sample: Sample) -> list[Column]:
    """Return the columns of texts that hardly come again: a label would."""
    texts = [column for column in sample.columns if column.numbers is None and not column.times]
    return [column for column in texts if column.distinct > max(0.3 * len(column.texts), 2)]


def _known_pair(names: list[str]) -> tuple[str, str] | None:
    """Return which of the names are known as a source's and a target's, in this order."""
    lower = {name.strip().lower(): name for name in names}
    for first, second in KNOWN:
        if first in lower and second in lower:
            return lower[first], lower[second]
    return None


def _of_table(sample: Sample) -> tuple[Column, Column, list[Choice]]:
    known = _known_pair([column.name for column in sample.columns])
    found = [column for column in sample.columns if column.name in known] if known else _candidates(sample)
    source, target = sample.column("reading.source"), sample.column("reading.target")
    others = [column for column in found if column not in (source, target)]
    because = "by its name" if known else "it stands first; exchange the two if it is the other way round"
    if known and source is None and target is None:
        by_name = {column.name: column for column in found}
        source, target = by_name[known[0]], by_name[known[1]]
    if source is None and (len(others) == 1 or (target is None and len(others) == 2)):
        source = others.pop(0)
    if target is None and len(others) == 1:
        target = others.pop(0)
    for key, column in (("source", source), ("target", target)):
        if column is None:
            raise Undecided(
                f"reading.{key}", f"which column is the {key}", [other.name for other in others or sample.columns]
            )
    assert source is not None and target is not None
    target_because = "by its name" if known else "the other column of texts"
    return (
        source,
        target,
        [
            sample.choose("reading.source", source.name, because),
            sample.choose("reading.target", target.name, target_because),
        ],
    )


# --- Two files ---


def _sides(sample: Sample) -> tuple[str, str] | None:
    """Return the two words between the dots of the files' names that tell the sides, if the lines are aligned."""
    names = [set(path.name.split(".")) for path in sample.files]
    if len(names) < 2 or len(names) % 2 or set(sample.texts) != {path.name for path in sample.files}:
        return None
    given = sample.given.get("reading.source"), sample.given.get("reading.target")
    words = sorted(set().union(*names))
    for first, second in [given] if None not in given else combinations(words, 2):
        half = [first in name for name in names]
        told_apart = all((first in name) != (second in name) for name in names)
        known = _known_pair([str(first), str(second)])  # then unequal lines are a fault, not another kind of data
        if told_apart and 2 * sum(half) == len(names) and (known or _aligned(sample, str(first), str(second))):
            return known or (str(first), str(second))
    return None


def _aligned(sample: Sample, first: str, second: str) -> bool:
    """Tell whether the two files of each part have as many lines."""
    lines: dict[str, list[int]] = {}
    for path in sample.files:
        words = [word for word in path.name.split(".") if word not in (first, second)]
        lines.setdefault(".".join(words), []).append(sample.texts[path.name].count("\n"))
    whole = all(sample.characters[name] == len(text) for name, text in sample.texts.items())
    return all(len(counts) == 2 and (not whole or abs(counts[0] - counts[1]) <= 1) for counts in lines.values())


def _of_files(sample: Sample) -> tuple[Column, Column, list[Choice]]:
    sides = _sides(sample)
    if sides is None:
        names = [path.name for path in sample.files]
        raise Undecided("reading.source", f"which of the files {', '.join(names)} hold the sources, which the targets")
    columns = []
    for side in sides:
        texts = [text for name, text in sample.texts.items() if side in Path(name).name.split(".")]
        lines = [line for text in texts for line in text.splitlines()]
        columns.append(Column(side, pd.Series(lines, dtype=object)))
    because = "what stands between the dots of the files' names; exchange the two if it is the other way round"
    return (
        columns[0],
        columns[1],
        [
            sample.choose("reading.source", sides[0], because),
            sample.choose("reading.target", sides[1], "files of as many lines"),
        ],
    )


# --- How a side becomes tokens ---


def _side(sample: Sample, side: str, column: Column) -> list[Choice]:
    """Return the unit of a side, its vocabulary where it matters, and its length."""
    key = f"tokenizer.{side}"
    words = column.texts.head(5000).str.split().explode()
    if column.without_spaces:
        unit, because = "character", "no spaces stand between its words"
    elif column.texts.head(5000).str.count(r"\S+").median() <= 1:
        unit, because = "character", "most are one word"
    elif words.nunique() <= MOST_SYMBOLS and len(words) > 10 * words.nunique():
        unit, because = "word", f"{words.nunique()} different symbols"
    elif len(column.texts) < 5000:
        unit, because = "word", "spaces stand between words"
    else:
        unit, because = "bpe", "rare words are spelled from their parts"
    choice = sample.choose(f"{key}.unit", unit, because)
    sizes = column.lengths if choice.value == "character" else column.texts.head(5000).map(_num_tokens)
    longest = float(sizes.quantile(0.98)) * (1.5 if choice.value == "bpe" else 1) + 1
    length = sample.choose(
        f"{key}.maximum_length",
        min(round_up(longest), LONGEST),
        f"98 % have at most {longest:.0f} tokens, the end among them",
    )
    return [choice, length]


def _num_tokens(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
