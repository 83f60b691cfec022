"""What the report shows of a dataset of pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.config.dataset import Dataset
from stages.reporting.svg import ACCENT, WIDTH, inline, styled
from stages.runtime.files import read_json
from stages.tasks.captioning.metrics import METRICS
from stages.tasks.seq2seq.report import by_length

DRAWN = 3  # examples of each model that attends whose words are drawn, one by one
COLUMNS = 8  # words beside each other
MOST = 24  # words that are drawn
SIDE, CAPTION = WIDTH / COLUMNS, 0.2  # inches


def add_examples(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each of the models its `examples`, each with a `picture`: where it looked, or what it saw."""
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
        for number, example in enumerate(model["examples"]["written"]):
            drawn = f"{dataset.name}-{name}-{number}"
            attends = example["alignment"] is not None and number < DRAWN
            example["picture"] = draw_looks(example, drawn) if attends else draw_picture(example, drawn)
            example["attends"] = attends
    return {}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `by_length`."""
    bands = {name: model["by_length"] for name, model in sorted(context["models"].items())}
    first = METRICS[0]
    name = f"{dataset.name}-by-length"
    return {"by_length": by_length(bands, first.name, first.words, sorted(bands), name, "words of the description")}


@styled
def draw_picture(example: Mapping[str, Any], name: str) -> str:
    """Return the picture. `example`: pixels (H, W, C); output. `name`: of the drawing, unique on the page."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 2 * SIDE))
    axes = figure.add_subplot()
    _show(axes, np.array(example["pixels"], np.uint8))
    return inline(figure, name, f"A picture described as “{example['output']}”")


@styled
def draw_looks(example: Mapping[str, Any], name: str) -> str:
    """Return the picture once for each token of its description, and over it where the model looked as it wrote it.

    Args:
        example: pixels (H, W, C); places, the lines and columns of the map; alignment, its weights a row a token.
        name: of the drawing, unique on the page.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    pixels, alignment = np.array(example["pixels"], np.uint8), example["alignment"]
    tokens, weights = alignment["output"][:MOST], np.array(alignment["weights"])[:MOST]
    lines = -(-len(tokens) // COLUMNS)
    figure = Figure(figsize=(WIDTH, lines * (SIDE + CAPTION)))
    shades = LinearSegmentedColormap.from_list("looks", [(1, 0.5, 0, 0), (1, 0.5, 0, 0.85)])
    for number, (token, of_token) in enumerate(zip(tokens, weights, strict=True)):
        axes = figure.add_subplot(lines, COLUMNS, number + 1)
        _show(axes, pixels)
        looks = of_token.reshape(example["places"]) / max(of_token.max(), 1e-9)
        extent = (-0.5, pixels.shape[1] - 0.5, pixels.shape[0] - 0.5, -0.5)
        axes.imshow(looks, cmap=shades, extent=extent, vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(token.strip(), fontsize=9, pad=2)
    words = " ".join(token.strip() for token in tokens)
    return inline(figure, name, f"Where the model looked as it wrote “{words}”")


def _show(axes: Any, pixels: np.ndarray) -> None:
    grey = pixels.shape[2] == 1
    axes.imshow(pixels[:, :, 0] if grey else pixels, cmap="gray" if grey else None, vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=ACCENT, linewidth=0.4)
