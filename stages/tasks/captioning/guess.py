"""What an entry of pictures would be, from the first of them and the table beside them."""

from stages.runtime.errors import UserError
from stages.tasks.guess import Choice, Guess, Sample, column_for, column_of_files, round_up
from stages.tasks.picture_guess import NO_PICTURES, PATHS, group_choices, pixel_choices

TEXTS = ("caption", "description", "text", "sentence", "title", "label", "class")
ROLES = {"reading.picture": "its values name the files", "reading.label": "what is said of the pictures"}


def suits(sample: Sample) -> int:
    """Return how well data suit: pictures surely do."""
    return 4 if sample.pictures else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
        UserError: there are no pictures.
    """
    if not sample.pictures:
        raise UserError(NO_PICTURES)
    choices: list[Choice] = []
    if sample.columns:
        picture = column_of_files(sample, "reading.picture", PATHS, "names the pictures")
        others = [column for column in sample.columns if column is not picture]
        only = others[0] if len(others) == 1 else None
        text = column_for(sample, "reading.label", TEXTS, "says what they show", only)
        for key, column, default in (("reading.picture", picture, "path"), ("reading.label", text, "caption")):
            if column.name != default:
                choices.append(sample.choose(key, column.name, ROLES[key]))
        choices += group_choices(sample)
        if text.texts.empty:
            raise UserError(f"the column {text.name} says nothing of any picture: name another by -S reading.label=…")
        longest = round_up(float(text.words.max()) * 1.2 + 1)
        because = f"tokens; the longest of the first descriptions has {text.words.max()} words and marks"
        choices.append(sample.choose("tokenizer.maximum_length", longest, because))
    return Guess((*choices, *sample.part_remarks(), *pixel_choices(sample)))
