"""What an entry of labelled texts would be, from the first rows of the data."""

from pathlib import Path

from stages.config.schema import PARTS
from stages.tasks.guess import Choice, Column, Guess, Sample, Undecided, named, round_up

TEXT_NAMES = ("text", "review", "sentence", "message", "content", "comment", "body", "tweet", "snippet")
LABEL_NAMES = ("label", "class", "category", "sentiment", "target", "topic", "intent", "tag", "y")
LABEL_FILES = {"pos", "neg", "positive", "negative", "neutral", "spam", "ham"}
MOST_LABELS = 100
MOST_NUMBERS = 20  # different ones that may name classes
TINY = 500  # rows: too few to learn vectors from
SMALL = 2000  # rows: where every word counts
LONGEST = 512  # tokens: what recurrent networks read in a bearable time


def suits(sample: Sample) -> int:
    """Return how well data suit: see `Task.suits`."""
    if not sample.columns:
        return 3 if _label_files(sample) else 0
    if "reading.label" in sample.given:
        return 3
    texts = _texts(sample)
    return (2 if _labels(sample, texts) else 1) if texts else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: which column is the text, or which the label.
    """
    if not sample.columns:
        return _guess_files(sample)
    text = _text(sample)
    label = _label(sample, text)
    counts = label.texts.value_counts()
    shown = ", ".join(f"{name} {count}" for name, count in counts.head(5).items())
    more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
    choices = [
        sample.choose("reading.text", text.name, f"the texts, {int(text.lengths.median())} characters in the median"),
        sample.choose("reading.label", label.name, f"{len(counts)} labels: {shown}{more}"),
        *_remarks(sample, text, label),
        *_parts(sample),
    ]
    return Guess((*choices, *split_choices(sample), *tokenizer_choices(sample, text)))


def _guess_files(sample: Sample) -> Guess:
    """Return the entry of files whose lines are texts and whose names are labels."""
    names = ", ".join(sorted(Path(name).name.partition(".")[0] for name in sample.texts))
    if not names:
        raise Undecided("task", "there is no table and no text that could have labels")
    import pandas as pd

    lines = [line for text in sample.texts.values() for line in text.splitlines() if line.strip()]
    texts = Column("text", pd.Series(lines, dtype=object))
    form = sample.choose("reading.format", "text", f"a line is a text, its file's name the label: {names}")
    return Guess((form, *split_choices(sample), *tokenizer_choices(sample, texts)))


def _label_files(sample: Sample) -> bool:
    stems = {Path(name).name.partition(".")[0].lower() for name in sample.texts}
    return len(stems) > 1 and stems <= LABEL_FILES


# --- Columns ---


def _texts(sample: Sample) -> list[Column]:
    """Return the columns that may be the text; where the label is known, another may be a shorter one."""
    given = sample.column("reading.text")
    if given is not None:
        return [given]
    found = [column for column in sample.columns if column.is_text]
    known = sample.column("reading.label")
    if not found and known is not None:
        found = [column for column in sample.columns if column is not known and column.numbers is None]
    return [column for column in found if column is not known]


def _text(sample: Sample) -> Column:
    found = _texts(sample)
    if not found:
        raise Undecided("reading.text", "which column is the text", [column.name for column in sample.columns])
    best = named(found, TEXT_NAMES) or max(found, key=lambda column: column.lengths.median())
    near = [column for column in found if column.lengths.median() > 0.5 * best.lengths.median()]
    if len(near) > 1 and named(found, TEXT_NAMES) is None:
        raise Undecided("reading.text", "which column is the text", [column.name for column in near])
    return best


def _labels(sample: Sample, texts: list[Column]) -> list[Column]:
    """Return the columns that may be the label: few values, each of them several times."""
    most = max(2, min(MOST_LABELS, sample.rows // 5))
    others = [column for column in sample.columns if column not in texts and not _is_part(column)]
    return [
        column for column in others if 2 <= column.distinct <= most and not column.times and not _is_measured(column)
    ]


def _is_measured(column: Column) -> bool:
    """Tell whether values are measured numbers, not numbers that name a few classes."""
    if column.numbers is None:
        return column.decimal_comma
    return column.distinct > MOST_NUMBERS or not bool((column.numbers.dropna() % 1 == 0).all())


def _label(sample: Sample, text: Column) -> Column:
    given = sample.column("reading.label")
    if given is not None:
        return given
    found = _labels(sample, [text])
    best = found[0] if len(found) == 1 else named(found, LABEL_NAMES)
    if best is not None:
        return best
    others = [column for column in sample.columns if column is not text]
    rated = [column.name for column in others if column.numbers is not None and (column.numbers < 0).any()]
    hint = f" ({', '.join(rated)}: for ratings by their sign add -S reading.label_rule=sign)" if rated else ""
    raise Undecided("reading.label", f"which column is the label{hint}", [column.name for column in found or others])


def _is_part(column: Column) -> bool:
    return 2 <= column.distinct and set(column.texts) <= set(PARTS)


def _parts(sample: Sample) -> list[Choice]:
    """Return the official parts, by a column or by the files' names."""
    column = next((column for column in sample.columns if _is_part(column)), None)
    if column is not None:
        return [sample.choose("reading.part", column.name, "it holds the names of official parts")]
    return sample.part_remarks()


def _remarks(sample: Sample, text: Column, label: Column) -> list[Choice]:
    """Return what is worth knowing beside the entry: rare labels, gaps, columns of no use."""
    counts = label.texts.value_counts()
    rare = counts[counts < len(PARTS)]
    remarks = []
    if len(rare):
        names = ", ".join(map(str, rare.index[:5])) + (" …" if len(rare) > 5 else "")
        remarks.append(Choice(None, f"{len(rare)} rare label(s): {names}", "fewer rows than there are parts"))
    for column, key in ((text, "text"), (label, "label")):
        if column.missing:
            because = "the expectations allow none: remove those rows, or edit the expectations"
            remarks.append(Choice(None, f"{column.missing} row(s) without {key}", because))
    unused = [column.name for column in sample.columns if column not in (text, label) and not _is_part(column)]
    unused = [name for name in unused if name != sample.given.get("reading.weight")]
    if unused:
        remarks.append(Choice(None, f"not used: {', '.join(unused)}", "--weight names a column of weights"))
    return remarks


# --- Keys beside the columns ---


def split_choices(sample: Sample) -> list[Choice]:
    """Return the shares of the parts that are drawn: more where a tenth would be few."""
    share = 0.2 if sample.rows < SMALL else 0.1
    because = f"{sample.rows:,} rows: a tenth would be few to measure on" if sample.rows < SMALL else ""
    drawn = [part for part in ("validation", "test") if part not in sample.parts]
    return [sample.choose(f"split.{part}", share, because) for part in drawn]


def tokenizer_choices(sample: Sample, text: Column) -> list[Choice]:
    """Return how texts become tokens: the unit, the length, and where vectors come from."""
    character = text.without_spaces
    unit = sample.choose(
        "tokenizer.unit",
        "character" if character else "word",
        "no spaces stand between its words" if character else "spaces stand between words",
    )
    sizes = text.lengths if unit.value == "character" else text.words
    longest = float(sizes.quantile(0.95))
    length = min(round_up(longest), LONGEST)
    because = f"95 % of the texts have at most {longest:.0f} tokens"
    small = sample.rows < SMALL
    frequency_because = "few texts: every word counts" if small else "a word that stands once teaches nothing"
    tiny = sample.rows < TINY
    vectors_because = "too few texts to learn vectors from" if tiny else "learned from train's own texts"
    return [
        unit,
        sample.choose("tokenizer.lowercase", True, "case seldom tells a label"),
        sample.choose("tokenizer.minimum_frequency", 1 if small else 2, frequency_because),
        sample.choose("tokenizer.maximum_length", length, because),
        sample.choose("tokenizer.vectors", "none" if tiny else "train", vectors_because),
    ]
