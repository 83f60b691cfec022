"""What the report shows of questions beside what all tasks have."""

from collections.abc import Mapping
from typing import Any

from stages.config.dataset import Dataset
from stages.tasks.classification import report


def add_results(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each model its `examples` and confusion; return `lengths`, the tables' labels, and the `kinds`."""
    kinds = sorted({kind for model in models.values() for kind in model["by_kind"]})
    return report.add_results(dataset, models) | {"kinds": kinds}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `lengths`, `by_length`, and `confusion` by model."""
    charts = report.confusion_charts(dataset, context)
    return charts | {
        "by_length": report.quarter_chart(dataset, context, "by_length", "tokens in a text"),
        "lengths": report.lengths_chart(dataset, context),
    }
