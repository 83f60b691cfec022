"""Regions of pictures: models find the objects in a picture, and say what each is.

A convolutional network proposes regions, and another classifies them, in a row or one by one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.pictures import PictureSplit
from stages.config.schema import ParallelConfig
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.detection.config import Reading, Section
from stages.tasks.detection.metrics import HYPOTHESES, METRICS, per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.detection.modeling.contract import Detector
    from stages.tasks.detection.modeling.data import PreparedRegions
    from stages.tasks.detection.modeling.saved import Saved
    from stages.tasks.guess import Guess, Sample


class Detection(Task):
    """Find objects; models are measured by the mean average precision of what they find."""

    name = "detection"
    title = "regions of pictures"
    items = "pictures"
    section = Section
    prepared = "regions"
    preprocessor = "preprocessor.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("gru", "feedforward")
    item_columns = ("id", "objects")
    length_column = "objects"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of pictures and the objects in them."""
        from stages.tasks.detection import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split pictures, by group where one is named; then compose scenes of them, if that is asked for."""
        from stages.tasks.detection.splitter import split_pictures

        return split_pictures(table, dataset.params("split", PictureSplit))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.detection import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit classes and the means of channels on train, and write train as bytes and boxes."""
        from stages.tasks.detection import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, their scenes, the classes, the means and the pixels for leaks."""
        from stages.tasks.detection.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: pictures with a table of boxes."""
        from stages.tasks.detection import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of pictures with boxes would be."""
        from stages.tasks.detection import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedRegions":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.detection.modeling.data import PreparedRegions

        return PreparedRegions(folder)

    def fit_network(self, job: Job, data: "PreparedRegions") -> Fit:
        """Train a network."""
        from stages.tasks.detection.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Detector", data: "PreparedRegions") -> dict[str, float]:
        """Return a fitted baseline's metrics on validation."""
        from stages.tasks.detection.modeling import training

        return training.validation_metrics(job, model, data)

    def num_examples(self, data: "PreparedRegions") -> int:
        """Return how many pictures are learned from."""
        return len(data.pictures)

    def load(self, folder: Path) -> "Saved":
        """Open a trained model."""
        from stages.tasks.detection.modeling.saved import Saved

        return Saved(folder)

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a model on the test part."""
        from stages.tasks.detection import evaluation

        return evaluation.evaluate(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every picture's sufficient statistics, (seeds, pictures, columns)."""
        return per_seed(predictions)

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return nothing more; add examples and their picture to each of the models."""
        from stages.tasks.detection import report

        return report.add_examples(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw nothing beside what all have."""
        return {}


TASK = Detection()
