"""Pictures that several tasks' results have: intervals, quality against cost, learning curves, lengths of texts."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from stages.evaluation.metric import Metric
from stages.reporting.svg import ACCENT, DASHES, INK, LINE, SOFT, WIDTH, inline, legend, look, new_axes, styled

Box = tuple[float, float, float, float]  # left, bottom, right, top
LABEL, CHARACTER, LINE_HEIGHT = 9.5, 5.7, 12  # a model's name beside a line or a dot: its size, in points


@styled
def intervals(
    models: Mapping[str, dict[str, float]], primary: Metric, best: str, baseline: str | None, name: str
) -> str:
    """Return a dot and an interval for each model, the best on top; a line marks the best baseline's mean.

    Args:
        models: of each model {mean, low, high}.
        primary: the metric that decides, which these are of.
        best: the model to set off by colour.
        baseline: the model whose mean is drawn as a line, if any.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(0.75 + 0.32 * len(models))
    words = f"test {primary.words}"
    rows = sorted(models, key=lambda model: (primary.gain(models[model]["mean"]), model))
    for row, model in enumerate(rows):
        value, colour = models[model], ACCENT if model == best else SOFT
        axes.plot([value["low"], value["high"]], [row, row], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(value["mean"], row, "o", color=colour, markersize=7)
    if baseline is not None:
        axes.axvline(models[baseline]["mean"], color=INK, linewidth=1, linestyle=DASHES[1])
    axes.set_yticks(range(len(rows)), rows, color=INK)
    axes.tick_params(length=0)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(words)
    values = (f"{model} {models[model]['mean']:.3f} ({_ends(models[model])})" for model in reversed(rows))
    return inline(figure, name, f"{words} and its interval: {'; '.join(values)}")


@styled
def cost(
    models: Mapping[str, dict[str, float]], primary: Metric, seconds: Mapping[str, float], best: str, name: str
) -> str:
    """Return the primary metric and its interval against the seconds per fit, each dot with its model's name.

    Args:
        models: of each model {mean, low, high}.
        seconds: of each model, the mean over replicas.
        best: the model to set off by colour.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.8)
    words = f"test {primary.words}"
    seconds = {model: max(seconds[model], 0.01) for model in models}  # a logarithm knows no 0
    for model, value in models.items():
        colour = ACCENT if model == best else SOFT
        axes.plot([seconds[model]] * 2, [value["low"], value["high"]], color=colour, linewidth=1, alpha=0.5)
        axes.plot(seconds[model], value["mean"], "o", color=colour, markersize=6)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    wide = max(seconds.values()) > 100 * min(seconds.values())
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="seconds per fit", ylabel=words)
    _name_dots(figure, axes, {model: (seconds[model], value["mean"]) for model, value in models.items()}, best)
    values = (f"{model} {value['mean']:.3f} in {seconds[model]:.1f} s" for model, value in models.items())
    return inline(figure, name, f"{words} against the seconds per fit: {'; '.join(values)}")


@styled
def curves(tables: Mapping[str, pd.DataFrame], column: str, baseline: pd.DataFrame | None, name: str) -> str:
    """Return a metric on validation by epoch: a panel for each model, in which it stands out from all the others.

    Args:
        tables: of each model its learning curves, with the columns seed, epoch and `column`.
        column: the metric, such as validation_accuracy.
        baseline: the learning curve of the best baseline, drawn as a level line, if any.
        name: of the picture, its own on the page.
    """
    columns = min(2, len(tables))
    rows = math.ceil(len(tables) / columns)
    figure = Figure(figsize=(WIDTH, 0.6 + (1.3 if columns > 1 else 2.2) * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for model, panel in zip(tables, panels, strict=False):
        for other in sorted(tables, key=lambda other: other == model):  # the panel's own on top
            colour, width = (ACCENT, 1.4) if other == model else (LINE, 0.8)
            for _, epochs in tables[other].groupby("seed"):
                single = {"marker": "."} if len(epochs) == 1 else {}
                panel.plot(epochs["epoch"], epochs[column], color=colour, linewidth=width, **single)
        if baseline is not None:
            panel.axhline(baseline[column].iloc[-1], color=INK, linewidth=1, linestyle=DASHES[1])
        panel.set_title(model, loc="left", fontsize=10, color=INK, pad=3)
        panel.grid(visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(4))
        panel.tick_params(labelbottom=True)
    for panel in panels:  # what is left over
        panel.remove()
    figure.supxlabel("epoch", fontsize=11, color=SOFT)
    label = column.replace("_", " ")
    figure.supylabel(label, fontsize=11, color=SOFT)
    return inline(figure, name, f"{label} by epoch of {', '.join(tables)}")


@styled
def lengths(histogram: pd.DataFrame, name: str) -> str:
    """Return how the parts' texts spread over lengths, as densities: parts of any size can be compared.

    Args:
        histogram: what `tokenize` wrote, the columns part, tokens (a bin's upper edge) and texts.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(2.6)
    handles = []
    for number, (part, rows) in enumerate(histogram.groupby("part", sort=False)):
        edges = np.concatenate([[0], rows["tokens"]])
        density = rows["texts"].to_numpy() / np.maximum(np.diff(edges), 1) / max(rows["texts"].sum(), 1)
        handles.append(axes.stairs(density, edges, label=part, color=look(number)["color"], linewidth=1.4))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.set_xlabel("tokens in a text")
    axes.set_ylabel("share of texts")
    legend(figure, handles)
    return inline(figure, name, "Lengths of the texts in tokens, by part")


def of_comparison(dataset: str, context: Mapping[str, Any], primary: Metric) -> dict[str, Any]:
    """Return the pictures that every task's results have: `intervals`, `cost`, and `curves` by column.

    Args:
        dataset: its name.
        context: what `stages.reporting.context.dataset_context` returned.
        primary: the metric that decides.
    """
    compared, models = context["compare"], context["models"]
    best, baseline = compared["best"], compared["best_baseline"]
    values = {name: model["metrics"][primary.name] for name, model in models.items()}
    seconds = {name: model["timings"]["train"]["fit_seconds"] for name, model in models.items()}
    trained = {name: models[name]["curves"] for name in sorted(models) if not models[name]["baseline"]}
    level, column = models[baseline]["curves"] if baseline else None, f"validation_{primary.name}"
    return {
        "intervals": intervals(values, primary, best, baseline, f"{dataset}-intervals"),
        "cost": cost(values, primary, seconds, best, f"{dataset}-cost"),
        "curves": {column: curves(trained, column, level, f"{dataset}-{column}")} if trained else {},
    }


def _ends(value: Mapping[str, float]) -> str:
    return f"{value['low']:.3f} to {value['high']:.3f}"


def _name_dots(figure: Figure, axes: Axes, dots: dict[str, tuple[float, float]], best: str) -> None:
    """Write each dot's name beside it where it covers the least of the other dots and names."""
    figure.draw_without_rendering()  # now the axes have their place
    in_points = 72 / figure.dpi
    centres = {model: axes.transData.transform(dot) * in_points for model, dot in dots.items()}
    frame = axes.bbox.get_points() * in_points
    taken = [(*(centre - 4), *(centre + 4)) for centre in centres.values()]
    for model in sorted(dots, key=lambda model: tuple(centres[model])):
        width = CHARACTER * len(model)

        def badness(offset: tuple[float, float], model: str = model, width: float = width) -> float:
            box = _box(centres[model] + offset, width)
            outside = max(0, frame[0][0] - box[0], box[2] - frame[1][0], frame[0][1] - box[1], box[3] - frame[1][1])
            return sum(_overlap(box, other) for other in taken) + 100 * outside + 0.1 * math.hypot(*offset)

        offset = min(_offsets(width), key=badness)
        taken.append(_box(centres[model] + offset, width))
        colour = ACCENT if model == best else INK
        lead = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4}
        options: dict[str, Any] = {"ha": "center", "va": "center", "color": colour, "fontsize": LABEL}
        options |= {"textcoords": "offset points", "arrowprops": lead, "in_layout": False}
        axes.annotate(model, dots[model], offset, **options)


def _offsets(width: float) -> Iterator[tuple[float, float]]:
    """Yield the places of a name's centre round its dot, the nearest first, in points."""
    for distance in (8, 18, 30, 44):
        side, over = width / 2 + distance, LINE_HEIGHT / 2 + distance - 2
        yield from ((side, 0), (-side, 0), (0, over), (0, -over))
        yield from ((x, y) for x in (side, -side) for y in (distance, -distance))


def _box(centre: np.ndarray, width: float) -> Box:
    x, y = centre
    return (x - width / 2, y - LINE_HEIGHT / 2, x + width / 2, y + LINE_HEIGHT / 2)


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes (left, bottom, right, top) share."""
    return max(0, min(one[2], other[2]) - max(one[0], other[0])) * max(0, min(one[3], other[3]) - max(one[1], other[1]))
