"""What the report shows of text classifiers beside what all tasks have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stages.config.dataset import Dataset
from stages.reporting import charts
from stages.reporting.context import read_table
from stages.runtime.files import read_json
from stages.tasks.classification import plots

LISTED = 200  # labels that a table lists


def add_results(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each model its `examples`, and what `label_tables` adds.

    Returns:
        `lengths`, the texts' lengths as a table, and what `label_tables` returns.
    """
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
    return {"lengths": read_table(dataset.plot("lengths"))} | label_tables(dataset, models)


def label_tables(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each model its `confusion` as a table, and whether that has labels `gathered` to one.

    Returns:
        `counted`, whether confusion matrices hold numbers, and `labels`, which the tables of labels list: the most
        frequent ones, of many.
    """
    # Labels are texts, even those that look like numbers or like missing values.
    as_text: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    for name, model in models.items():
        model["confusion"] = read_table(dataset.plot("confusion", name), **as_text)
        model["gathered"] = len(matrix_labels(model)) != len(model["by_class"])
    counted = all(len(model["by_class"]) <= plots.MAX_NUMBERED for model in models.values())
    counts: Counter[str] = Counter()
    for part in read_json(dataset.report("split"))["parts"].values():
        counts.update(part["labels"])
    labels = sorted(label for label, _ in counts.most_common(LISTED))
    return {"counted": counted, "labels": labels}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG.

    They are `lengths`, `by_length` and `by_unknown` (None where there is nothing to compare), and `confusion` (by
    model).
    """
    return confusion_charts(dataset, context) | {
        "by_length": quarter_chart(dataset, context, "by_length", "tokens in a text"),
        "by_unknown": quarter_chart(dataset, context, "by_unknown", "unknown words in a text"),
        "lengths": lengths_chart(dataset, context),
    }


def lengths_chart(dataset: Dataset, context: Mapping[str, Any]) -> str:
    """Return how long the texts of train and validation are."""
    return charts.lengths(context["lengths"], f"{dataset.name}-lengths")


def varied(context: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the models but for those that always give the same answer: all of it is known, or squashes the others."""
    models: Mapping[str, dict[str, Any]] = context["models"]
    return {model: result for model, result in models.items() if result["confusion"]["predicted"].nunique() > 1}


def confusion_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the confusion matrices by model, as `confusion`."""
    return {
        "confusion": {
            model: plots.confusion(
                result["confusion"], matrix_labels(result), f"{dataset.name}-confusion-{model}", model
            )
            for model, result in varied(context).items()
        }
    }


def matrix_labels(result: Mapping[str, Any]) -> list[str]:
    """Return the labels of a model's confusion matrix: all, or where `evaluate` put many together those that it kept.

    Args:
        result: the model's `by_class` and `confusion`.
    """
    named = {*result["confusion"]["actual"], *result["confusion"]["predicted"]}
    together = sorted(named - set(result["by_class"]), reverse=True)
    labels = [label for label in result["by_class"] if label in named or not together]
    return labels + together


def quarter_chart(dataset: Dataset, context: Mapping[str, Any], key: str, label: str) -> str | None:
    """Return the models' accuracy in each quarter of the test items; None where there are fewer than two quarters.

    Args:
        dataset: its name is part of the picture's.
        context: what the report shows of it.
        key: of the models' results: by_length or by_unknown.
        label: by what the items are ordered, in words.
    """
    models = varied(context)
    ranges = [quarter_range(row, key) for row in next(iter(models.values()), {}).get(key, [])]
    if len(ranges) < 2:
        return None
    accuracies = {name: [row["accuracy"] for row in model[key]] for name, model in models.items()}
    return plots.quarters(accuracies, ranges, label, sorted(context["models"]), f"{dataset.name}-{key}")


def quarter_range(row: Mapping[str, float], key: str) -> str:
    """Word what a quarter of the texts holds: 2–14 tokens, or 0–4.2 % unknown words.

    Args:
        row: {from, to, accuracy}.
        key: by_length or by_unknown.
    """
    low, high = (round(100 * row[end], 1) if key == "by_unknown" else row[end] for end in ("from", "to"))
    ends = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return f"{ends} %" if key == "by_unknown" else ends


def shaded(text: str, tokens: Sequence[Mapping[str, Any]]) -> list[tuple[str, float | None, float]]:
    """Return a text in segments, each with its weight and its shade; between tokens these are None and 0.

    Shades go from 0 to 1, which the text's largest weight has. What comes after the last token is left out.

    Args:
        text: on one line.
        tokens: {token, weight} in the order of the text.
    """
    largest = max((token["weight"] for token in tokens), default=0) or 1
    segments: list[tuple[str, float | None, float]] = []
    place = 0
    for token in tokens:
        word = " ".join(token["token"].split())  # as the text, which holds no line breaks
        start = text.find(word, place)
        if not word or start < 0:
            continue
        if start > place:
            segments.append((text[place:start], None, 0.0))
        segments.append((word, token["weight"], max(token["weight"], 0) / largest))
        place = start + len(word)
    return [*segments, (" …", None, 0.0)] if text[place:].strip() else segments
