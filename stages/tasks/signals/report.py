"""What the report shows of classifiers of signals beside what all tasks have."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from stages.config.dataset import Dataset
from stages.reporting.svg import ACCENT, inline, look, new_axes, styled
from stages.runtime.files import read_json
from stages.tasks.classification.report import confusion_charts, label_tables, quarter_chart

HEIGHT = 1.5  # of a drawn signal, in inches


def add_results(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each model its `examples` and what `label_tables` adds.

    Mistakes are drawn of the best model and of the best baseline, attention of every model that has it.

    Returns:
        `counted`, whether confusion matrices hold numbers, and `labels`, which the tables of labels list.
    """
    compared = read_json(dataset.report("compare"))
    drawn = {"mistakes": {compared["best"], compared["best_baseline"]}, "attended": set(models)}
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
        for kind, of_models in drawn.items():
            for number, example in enumerate(model["examples"][kind] or ()):
                picture = f"{dataset.name}-{name}-{kind}-{number}"
                example["picture"] = draw_signal(example, picture) if name in of_models else None
    return label_tables(dataset, models)


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `by_length` (None if there is nothing to compare), `confusion` by model."""
    return confusion_charts(dataset, context) | {
        "by_length": quarter_chart(dataset, context, "by_length", "frames in a signal")
    }


@styled
def draw_signal(example: Mapping[str, Any], name: str) -> str:
    """Return a signal's channels as lines; where the model attends, above an area as high as its frames' weights.

    Args:
        example: channels, each a list of values, and weights, one a frame, or None.
        name: of the picture, unique on the page.
    """
    figure, axes = new_axes(HEIGHT)
    weights: Sequence[float] | None = example["weights"]
    for number, channel in enumerate(example["channels"]):
        axes.plot(channel, linewidth=1.1, **look(number))
    if weights:
        low, high = axes.get_ylim()
        tops = low + (high - low) * np.array(weights) / max(weights)
        axes.fill_between(range(len(tops)), low, tops, color=ACCENT, alpha=0.25, linewidth=0, step="mid")
        axes.set_ylim(low, high)
    axes.set(xlabel="frame")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return inline(figure, name, f"A signal of the class {example['label']}, taken for {example['predicted']}")
