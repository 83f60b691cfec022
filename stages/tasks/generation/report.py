"""What the report shows of language models beside what all tasks have."""

from collections.abc import Mapping, Sequence
from typing import Any

from stages.config.dataset import Dataset
from stages.reporting.svg import inline, legend, look, new_axes, styled
from stages.runtime.files import read_json


def add_samples(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> None:
    """Add to each model the metrics of its samples, `generated`, the texts, `examples`, and their timings."""
    for name, model in models.items():
        model["generated"] = read_json(dataset.report("generate", name))
        model["examples"] = read_json(dataset.report("examples", name))
        model["timings"]["generate"] = read_json(dataset.report("timings/generate", name))


def draw_charts(dataset: Dataset, models: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return `by_position` as SVG, None where no model has it."""
    rows = {name: models[name]["by_position"] for name in sorted(models) if models[name]["by_position"]}
    return {"by_position": by_position(rows, f"{dataset.name}-by-position") if rows else None}


@styled
def by_position(models: Mapping[str, Sequence[Mapping[str, float]]], name: str) -> str:
    """Return a line for each model: bits per character by the number of tokens that stand before it in a window.

    Args:
        models: of each model rows {from, to, bits_per_character}.
        name: of the picture, unique on the page.
    """
    figure, axes = new_axes(3.4)
    handles = []
    for number, (model, rows) in enumerate(models.items()):
        places = [(row["from"] + row["to"]) / 2 + 1 for row in rows]
        bits = [row["bits_per_character"] for row in rows]
        handles += axes.plot(places, bits, label=model, marker=".", **look(number))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="place in the window, in tokens", ylabel="bits per character")
    legend(figure, handles)
    descriptions = (
        f"{model} {rows[0]['bits_per_character']:.2f} to {rows[-1]['bits_per_character']:.2f}"
        for model, rows in models.items()
    )
    label = f"Bits per character by place in the window, from the first to the last: {'; '.join(descriptions)}"
    return inline(figure, name, label)
