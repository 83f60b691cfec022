"""Pictures that several tasks' results have: learning curves, lengths of texts, and those of the models' quality."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.evaluation.metric import Metric
from stages.reporting.quality import Quality, cost, intervals
from stages.reporting.svg import ACCENT, DASHES, INK, LINE, SOFT, WIDTH, inline, legend, look, new_axes, styled


@styled
def curves(tables: Mapping[str, pd.DataFrame], metric: Metric, baseline: pd.DataFrame | None, name: str) -> str:
    """Return a metric on validation by epoch: a panel for each model, in which it stands out from all the others.

    Args:
        tables: of each model its learning curves, with the columns seed, epoch and validation_<metric>.
        metric: what is drawn.
        baseline: the learning curve of the best baseline, drawn as a level line, if any.
        name: of the picture, its own on the page.
    """
    column, label = f"validation_{metric.name}", f"{metric.words} on validation"
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
    figure.supylabel(metric.words, fontsize=11, color=SOFT)
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


def of_comparison(dataset: str, context: Mapping[str, Any], metrics: Sequence[Metric]) -> dict[str, Any]:
    """Return the pictures that every task's results have: `intervals`, `cost`, and `curves` by metric.

    Args:
        dataset: its name.
        context: what `stages.reporting.context.dataset_context` returned.
        metrics: of which learning curves are drawn; the first is the primary one.
    """
    models, baseline = context["models"], context["compare"]["best_baseline"]
    quality = Quality.of(context, metrics[0])
    seconds = {name: model["timings"]["train"]["fit_seconds"] for name, model in models.items()}
    trained = {name: models[name]["curves"] for name in sorted(models) if not models[name]["baseline"]}
    level = models[baseline]["curves"] if baseline else None
    drawn = metrics if trained else ()
    return {
        "intervals": intervals(quality, f"{dataset}-intervals"),
        "cost": cost(quality, seconds, f"{dataset}-cost"),
        "curves": {metric.name: curves(trained, metric, level, f"{dataset}-{metric.name}") for metric in drawn},
    }
