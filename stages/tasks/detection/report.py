"""What the report shows of a dataset of pictures with objects."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.config.dataset import Dataset
from stages.reporting.svg import ACCENT, SOFT, WIDTH, inline, styled
from stages.runtime.files import read_json

SIDE = 1.9  # of a picture, in inches


def add_examples(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each of the models its `examples`, and a `picture` of them all."""
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
        model["picture"] = draw_found(model["examples"]["found"], f"{dataset.name}-{name}-found")
    return {}


@styled
def draw_found(examples: list[Mapping[str, Any]], name: str) -> str:
    """Return pictures beside each other, with dotted boxes around proposals and closed ones around what was found.

    Args:
        examples: pixels (H, W, C), found (class, score, box) and proposals (boxes).
        name: of the drawing, unique on the page.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    columns = 3
    lines = -(-len(examples) // columns)
    figure = Figure(figsize=(WIDTH, SIDE * lines))
    for number, example in enumerate(examples):
        axes, pixels = figure.add_subplot(lines, columns, number + 1), np.array(example["pixels"], np.uint8)
        grey = pixels.shape[2] == 1
        axes.imshow(pixels[:, :, 0] if grey else pixels, cmap="gray" if grey else None, vmin=0, vmax=255)
        for box in example["proposals"]:
            axes.add_patch(_box(Rectangle, box, SOFT, ":"))
        for label, _, *box in example["found"]:
            axes.add_patch(_box(Rectangle, box, ACCENT, "-"))
            axes.text(box[0], box[1] - 1, label, color=ACCENT, fontsize=9, va="bottom")
        axes.set(xticks=[], yticks=[], xlim=(-0.5, pixels.shape[1] - 0.5), ylim=(pixels.shape[0] - 0.5, -0.5))
    said = "; ".join(" ".join(label for label, *_ in example["found"]) or "nothing" for example in examples)
    return inline(figure, name, f"What was found in {len(examples)} pictures: {said}")


def _box(kind: Any, box: list[float], colour: str, style: str) -> Any:
    left, top, right, bottom = box
    place = (left - 0.5, top - 0.5)
    return kind(place, right - left, bottom - top, fill=False, edgecolor=colour, linestyle=style, linewidth=1)
