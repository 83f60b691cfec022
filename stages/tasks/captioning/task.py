"""Picture descriptions: models write what a picture shows.

It builds on sequence to sequence: models, training, metrics and search are that task's, of pictures in place of tokens.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.pictures import PictureReading, PictureSplit
from stages.config.schema import ParallelConfig
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.captioning.config import Section
from stages.tasks.captioning.metrics import HYPOTHESES, METRICS
from stages.tasks.seq2seq.metrics import per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.captioning.modeling.pictures import PreparedPictures
    from stages.tasks.captioning.modeling.saved import Saved
    from stages.tasks.guess import Guess, Sample
    from stages.tasks.seq2seq.modeling.contract import Translator


class Captioning(Task):
    """Describe a picture; models are measured by the edits to the closest description."""

    name = "captioning"
    builds_on = "seq2seq"
    title = "picture descriptions"
    items = "pictures"
    section = Section
    prepared = "pictures"
    preprocessor = "preprocessor.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("bahdanau", "luong", "encoder_decoder")
    item_columns = ("id", "words")
    length_column = "words"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of pictures and what is said of them."""
        from stages.tasks.captioning import loader

        return loader.read(dataset, dataset.params("reading", PictureReading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split pictures, by group where one is named; then compose scenes of them, if that is asked for."""
        from stages.tasks.captioning.splitter import split_pictures

        return split_pictures(table, dataset.params("split", PictureSplit))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.captioning import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit a vocabulary and the means of channels on train, and write train as bytes and tokens."""
        from stages.tasks.captioning import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, their scenes, the vocabulary, the means and the pixels for leaks."""
        from stages.tasks.captioning.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: pictures, with a table of what they show or in folders."""
        from stages.tasks.captioning import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of pictures would be."""
        from stages.tasks.captioning import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedPictures":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.captioning.modeling.pictures import PreparedPictures

        return PreparedPictures(folder)

    def fit_network(self, job: Job, data: "PreparedPictures") -> Fit:
        """Train a network."""
        from stages.tasks.seq2seq.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Translator", data: "PreparedPictures") -> dict[str, float]:
        """Return the metrics of what a baseline writes for validation's first sources."""
        from stages.tasks.seq2seq.modeling import training

        return training.validate_baseline(job, model, data)

    def num_examples(self, data: "PreparedPictures") -> int:
        """Return how many sources are learned from."""
        return len(data.side("train", "source").lengths)

    def load(self, folder: Path) -> "Saved":
        """Open a trained model."""
        from stages.tasks.captioning.modeling.saved import Saved

        return Saved(folder)

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a model on the test part."""
        from stages.tasks.captioning import evaluation

        return evaluation.evaluate(saved, dataset, parallel)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every source's sufficient statistics, (seeds, sources, columns)."""
        return per_seed(predictions)

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return nothing more; add examples with their pictures to each of the models."""
        from stages.tasks.captioning import report

        return report.add_examples(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw the metrics by how long a description is."""
        from stages.tasks.captioning import report

        return report.draw_charts(dataset, context)


TASK = Captioning()
