"""What an entry of pictures with boxes would be, from the first of them and the table beside them."""

from stages.runtime.errors import UserError
from stages.tasks.guess import Choice, Guess, Sample, column_for, column_of_files, named
from stages.tasks.picture_guess import NO_PICTURES, PATHS, group_choices, pixel_choices

LABELS = ("label", "class", "category", "name", "object")
SIDES = ("left", "top", "right", "bottom")
CONVENTIONS = (  # what the columns of a box are called
    SIDES,
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("x0", "y0", "x1", "y1"),
)


def suits(sample: Sample) -> int:
    """Return how well data suit: pictures with a table of boxes surely do."""
    return 5 if sample.pictures and _convention(sample) else 0


def _convention(sample: Sample) -> tuple[str, ...] | None:
    """Return what the columns of boxes are called; None: there are none."""
    known = (names for names in CONVENTIONS if all(named(sample.columns, (name,)) for name in names))
    return next(known, None)


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
    if "reading.boxes" not in sample.given:
        for side, name in zip(SIDES, _convention(sample) or SIDES, strict=True):
            column = column_for(sample, f"reading.boxes.{side}", (name,), f"holds the {side} side of a box", None)
            if column.name != side:
                choices.append(sample.choose(f"reading.boxes.{side}", column.name, f"the {side} side of a box"))
    return Guess((*choices, *group_choices(sample), *sample.part_remarks(), *pixel_choices(sample)))
