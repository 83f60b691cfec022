"""Pictures that only the results of text classification have."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from stages.reporting.quality import LABEL, LINE_HEIGHT
from stages.reporting.svg import ACCENT, INK, apart, inline, look, new_axes, styled

MAX_NUMBERED = 10  # classes; a confusion matrix of more holds no numbers
MAX_TICKS = 20  # class names along an axis; of more classes, every second or third is named
NAME_LENGTH = 16  # characters of a class name that are shown
PALEST, STRONGEST = 0.06, 0.6  # opacity of a cell: a number on it must stay readable in both themes


@styled
def quarters(
    models: Mapping[str, Sequence[float]], ranges: Sequence[str], label: str, colours: Sequence[str], name: str
) -> str:
    """Return a line for each model: its accuracy in each quarter of the texts, with its name at the line's end.

    Args:
        models: of each model the accuracies.
        ranges: what the quarters hold, in words.
        label: by which the texts are ordered.
        colours: all models' names, so that a model has the same colour in every picture.
        name: of the picture, unique on the page.
    """
    height = max(2.8, 1.0 + LINE_HEIGHT / 72 * len(models))
    figure, axes = new_axes(height)
    for model, accuracies in models.items():
        axes.plot(accuracies, linewidth=1.4, marker=".", markersize=5, **look(colours.index(model)))
    axes.set_xticks(range(len(ranges)), ranges)
    axes.set_xlim(-0.2, len(ranges) - 0.8)
    axes.set(xlabel=label, ylabel="test accuracy")
    _name_lines(axes, models, colours, height)
    values = (f"{model} {', '.join(f'{value:.3f}' for value in accuracies)}" for model, accuracies in models.items())
    return inline(figure, name, f"Test accuracy by {label}, in quarters ({', '.join(ranges)}): {'; '.join(values)}")


def _name_lines(axes: Axes, models: Mapping[str, Sequence[float]], colours: Sequence[str], height: float) -> None:
    """Write each line's name at its right end, with room between the names."""
    low, high = axes.get_ylim()
    ends = [accuracies[-1] for accuracies in models.values()]
    places = apart(ends, (high - low) * LINE_HEIGHT / 72 / (height - 0.8))
    axes.set_ylim(min(low, *places), max(high, *places))
    for (model, accuracies), place in zip(models.items(), places, strict=True):
        colour = look(colours.index(model))["color"]
        end, start = (1.06, place), (len(accuracies) - 1, accuracies[-1])
        lead = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3, "relpos": (0, 0.5)}
        options: dict[str, Any] = {"va": "center", "color": colour, "fontsize": LABEL}
        axes.annotate(model, start, end, "data", ("axes fraction", "data"), lead, **options)


@styled
def confusion(predictions: pd.DataFrame, labels: Sequence[str], name: str, model: str) -> str:
    """Return a confusion matrix, shaded by the share of each actual class's items; counts where classes are few.

    Args:
        predictions: the columns actual and predicted, both of labels.
        labels: all labels, in the order of the rows and columns.
        name: of the picture, unique on the page.
        model: whose predictions they are.
    """
    table = pd.crosstab(predictions["actual"], predictions["predicted"])
    counts = table.reindex(index=list(labels), columns=list(labels), fill_value=0).to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_axes(min(4.8, 1.2 + 0.6 * len(labels)))
    for row, column in np.argwhere(counts):
        opacity = PALEST + (STRONGEST - PALEST) * shares[row, column]
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=ACCENT, alpha=opacity, linewidth=0))
        if len(labels) <= MAX_NUMBERED:
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=10)
    _name_classes(axes, labels)
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.set(xlabel="predicted", ylabel="actual")
    return inline(figure, name, f"Confusion matrix of {model}")


def _name_classes(axes: Axes, labels: Sequence[str]) -> None:
    step = math.ceil(len(labels) / MAX_TICKS)
    ticks, names = range(0, len(labels), step), [_shortened(label) for label in labels[::step]]
    size = 11 if len(labels) <= MAX_NUMBERED else 9
    rotation = 0 if len(labels) <= 2 else 45 if len(labels) <= MAX_NUMBERED else 90
    axes.set_yticks(ticks, names, color=INK, fontsize=size)
    axes.set_xticks(
        ticks, names, color=INK, fontsize=size, rotation=rotation, ha="right" if rotation == 45 else "center"
    )


def _shortened(label: str) -> str:
    """Return a label as one line of printable characters that fits beside an axis."""
    line = " ".join("".join(char if char.isprintable() else " " for char in label).split())
    return f"{line[: NAME_LENGTH - 1]}…" if len(line) > NAME_LENGTH else line
