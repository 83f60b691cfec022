"""What the report shows of dialogue beside what all tasks have."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.config.dataset import Dataset
from stages.reporting.charts import lengths
from stages.reporting.context import read_table
from stages.runtime.files import read_json

WRITING = {
    "distinct_1": "Different<br>words",
    "distinct_2": "Different<br>pairs of words",
    "bland": "Bland",
    "words": "Words of<br>a reply",
}


def add_results(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each model its `examples` and the means of its `writing`; return `lengths`, and the columns of writing."""
    for name, model in models.items():
        model["examples"] = read_json(dataset.report("examples", name))
        means = {key: float(np.mean([each[key] for each in model["writing"]])) for key in WRITING if model["writing"]}
        model["written"] = means or None
    return {"lengths": read_table(dataset.plot("lengths")), "writing": WRITING}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long the texts are, as SVG: `lengths`."""
    return {"lengths": lengths(context["lengths"], f"{dataset.name}-lengths")}
