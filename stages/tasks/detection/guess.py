"""What an entry of pictures with boxes would be, from the first of them and the table beside them."""

from stages.runtime.errors import UserError
from stages.tasks.guess import Choice, Guess, Sample, column_for, column_of_files, named
from stages.tasks.picture_guess import NO_PICTURES, PATHS, group_choices, pixel_choices

LABELS = ("label", "class", "category", "name", "object")
BOX = {
    "left": ("left", "xmin", "x_min", "x1", "x0"),
    "top": ("top", "ymin", "y_min", "y1", "y0"),
    "right": ("right", "xmax", "x_max", "x2"),
    "bottom": ("bottom", "ymax", "y_max", "y2"),
}


def suits(sample: Sample) -> int:
    """Return how well data suit: pictures with a table of boxes surely do."""
    return 5 if sample.pictures and all(named(sample.columns, names) for names in BOX.values()) else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
        UserError: there are no pictures.
    """
    if not sample.pictures:
        raise UserError(NO_PICTURES)
    if not sample.columns:
        return Guess((Choice("reading.boxes", None, "no table: each shows one object"), *pixel_choices(sample)))
    picture = column_of_files(sample, "reading.picture", PATHS, "names the pictures")
    label = column_for(sample, "reading.label", LABELS, "says what an object is", None)
    choices = [
        sample.choose(key, column.name, because)
        for key, column, default, because in (
            ("reading.picture", picture, "path", "its values name the files"),
            ("reading.label", label, "label", f"{label.distinct} classes"),
        )
        if column.name != default
    ]
    for side, names in BOX.items():
        column = column_for(sample, f"reading.boxes.{side}", names, f"holds the {side} side of a box", None)
        if column.name != side:
            choices.append(sample.choose(f"reading.boxes.{side}", column.name, f"the {side} side of a box"))
    return Guess((*choices, *group_choices(sample), *sample.part_remarks(), *pixel_choices(sample)))
