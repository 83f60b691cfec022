"""What the report shows of a dataset of pairs."""

from collections.abc import Mapping
from typing import Any

from stages.config.dataset import Dataset
from stages.reporting.charts import lengths
from stages.reporting.context import read_table
from stages.reporting.svg import inline, legend, look, new_axes, styled
from stages.runtime.files import read_json
from stages.tasks.seq2seq.metrics import METRICS


def report_context(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return `lengths` as a table; each of the models gets its `examples`."""
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
    return {"lengths": read_table(dataset.plot("lengths"))}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `by_length` (by metric) and `lengths`."""
    models, baseline = context["models"], context["compare"]["best_baseline"]
    trained = [name for name in sorted(models) if not models[name]["baseline"]]
    bands = {name: models[name]["by_length"] for name in (*trained, *([baseline] if baseline else []))}
    shown = {metric.name: metric.words for metric in METRICS if metric.name in (METRICS[0].name, "bleu")}
    return {
        "by_length": {
            metric: by_length(bands, metric, words, sorted(models), f"{dataset.name}-by-length-{metric}")
            for metric, words in shown.items()
        },
        "lengths": lengths(context["lengths"], f"{dataset.name}-lengths"),
    }


@styled
def by_length(
    models: Mapping[str, list[dict[str, Any]]],
    metric: str,
    words: str,
    colours: list[str],
    name: str,
    length: str = "tokens of the source",
) -> str:
    """Return a line for each model: a metric by the source's length, in bands of about as many sources each.

    Args:
        models: of each model rows {from, to, <metric>}.
        metric: the key of what is drawn.
        words: what it is.
        colours: all models' names, so that a model has the same colour in every picture.
        name: of the picture, its own on the page.
        length: what it is measured in.
    """
    figure, axes = new_axes(3.6)
    handles = []
    for model, rows in models.items():
        places = [(row["from"] + row["to"]) / 2 for row in rows]
        style = look(colours.index(model))
        handles += axes.plot(places, [row[metric] for row in rows], label=model, marker=".", **style)
    axes.set(xlabel=length, ylabel=words)
    axes.set_ylim(bottom=0)
    legend(figure, handles)
    values = (f"{model} {', '.join(f'{row[metric]:.3f}' for row in rows)}" for model, rows in models.items())
    return inline(figure, name, f"{words} by the source's length, from short to long: {'; '.join(values)}")
