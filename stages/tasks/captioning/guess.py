"""What an entry of pictures would be, from the first of them and the table beside them."""

import numpy as np

from stages.config.schema import PARTS
from stages.tasks.guess import Choice, Guess, Sample, Undecided, column_for, column_of_files, named, round_up

PATHS = ("path", "file", "file_name", "filename", "image", "picture", "img", "photo", "id")
TEXTS = ("caption", "description", "text", "sentence", "title", "label", "class")
GROUPS = ("group", "scene", "photographer", "patient", "place", "site")
ROLES = {"reading.picture": "its values name the files", "reading.label": "what is said of the pictures"}
PIXELS, SIDES = 64 * 64, 4  # that networks read of a picture; its sides are multiples of
LONG = 1.4  # one side, so many times the other


def suits(sample: Sample) -> int:
    """Return how well data suit: pictures surely do."""
    return 4 if sample.pictures else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
    """
    if not sample.pictures:
        raise Undecided("source", "where are the pictures")
    choices: list[Choice] = []
    if sample.columns:
        picture = column_for(sample, "reading.picture", PATHS, "names the pictures", column_of_files(sample))
        others = [column for column in sample.columns if column is not picture]
        only = others[0] if len(others) == 1 else None
        text = column_for(sample, "reading.label", TEXTS, "says what they show", only)
        for key, column, default in (("reading.picture", picture, "path"), ("reading.label", text, "caption")):
            if column.name != default:
                choices.append(sample.choose(key, column.name, ROLES[key]))
        if (group := sample.column("reading.group") or named(sample.columns, GROUPS)) is not None:
            because = f"{group.distinct} of them: none is in two parts"
            if group.distinct >= len(PARTS) or "reading.group" in sample.given:
                choices.append(sample.choose("reading.group", group.name, because))
            else:
                choices.append(Choice(None, f"not used: {group.name}", "fewer than parts"))
        longest = round_up(float(text.words.max()) * 1.2 + 1)
        because = f"tokens; the longest of the first descriptions has {text.words.max()} words and marks"
        choices.append(sample.choose("tokenizer.maximum_length", longest, because))
    return Guess((*choices, *sample.part_remarks(), *_pixels(sample)))


def _pixels(sample: Sample) -> list[Choice]:
    """Return whether colours count, and how large a picture networks read, where it is not as wide as high."""
    choices = []
    if (colours := sum(channels > 1 for _, _, channels in sample.pictures)) or "reading.colour" in sample.given:
        because = f"{colours} of the first {len(sample.pictures)} pictures have colours"
        choices.append(sample.choose("reading.colour", True, because))
    ratio = float(np.median([height / width for height, width, _ in sample.pictures]))
    if not 1 / LONG < ratio < LONG:
        height, width = (round((PIXELS * share) ** 0.5 / SIDES) * SIDES for share in (ratio, 1 / ratio))
        because = "pixels that networks read: the usual proportions"
        choices += [sample.choose("window.height", max(8, height), because)]
        choices += [sample.choose("window.width", max(8, width), because)]
    return choices
