"""What an entry of running text would be, from the begin of the files."""

from stages.runtime.errors import UserError
from stages.tasks.guess import Choice, Guess, Sample

SMALL = 100_000  # characters: validation needs more than the usual share
SHORT, LONG = 32, 64  # tokens of a window


def suits(sample: Sample) -> int:
    """Return how well data suit: see `Task.suits`."""
    return 1 if sample.texts else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        UserError: the data are no plain text.
    """
    if not sample.texts:
        raise UserError("running text is a file of plain text or a folder of them, and this is a table")
    characters, works = sum(sample.characters.values()), len(sample.texts)
    small = characters < SMALL
    share = 0.1 if small else 0.05
    how = "whole works are parts" if works > 2 else "cut between lines"
    because = f"{characters:,} characters: a short text's part needs more" if small else f"{how}, the last for test"
    drawn = {"validation": share, "test": 0.1}
    length = SHORT if small else LONG
    return Guess(
        (
            Choice(None, f"{works} work(s), {characters:,} characters", "a file is a work"),
            *sample.part_remarks(),
            *(
                sample.choose(f"split.{part}", size, because)
                for part, size in drawn.items()
                if part not in sample.parts
            ),
            sample.choose("window.unit", "character", "the metric is bits per character whatever the unit"),
            sample.choose("window.length", length, "tokens that a gradient reaches back"),
        )
    )
