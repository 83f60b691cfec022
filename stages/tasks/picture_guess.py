"""What the entries of all tasks of pictures would be, whatever is said of them."""

import numpy as np

from stages.config.schema import PARTS
from stages.tasks.guess import Choice, Sample, named

NO_PICTURES = (
    "there are no pictures among the data; for a table with a picture a row write reading.pixels into params.yaml, see "
    "docs/captioning.md"
)
PATHS = (
    "path",
    "file",
    "file_name",
    "filename",
    "file_path",
    "image_path",
    "image_id",
    "image",
    "picture",
    "img",
    "photo",
    "id",
)
GROUPS = ("group", "scene", "photographer", "patient", "place", "site")
PIXELS, SIDES = 64 * 64, 4  # that networks read of a picture; its sides are multiples of
LONG = 1.4  # one side, so many times the other


def group_choices(sample: Sample) -> list[Choice]:
    """Return which column names what pictures have in common, if one does."""
    group = sample.column("reading.group") or named(sample.columns, GROUPS)
    if group is None:
        return []
    if group.distinct < len(PARTS) and "reading.group" not in sample.given:
        return [Choice(None, f"not used: {group.name}", "fewer than parts")]
    return [sample.choose("reading.group", group.name, f"{group.distinct} of them: none is in two parts")]


def pixel_choices(sample: Sample) -> list[Choice]:
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
