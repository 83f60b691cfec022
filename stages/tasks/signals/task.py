"""Classification of signals: one label for each.

It builds on text classification: models, metrics, training and most of the report are that task's.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.reading import SignalReading
from stages.config.schema import ParallelConfig
from stages.evaluation.hypotheses import Hypothesis
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.classification.config import SplitConfig
from stages.tasks.classification.metrics import METRICS, per_seed
from stages.tasks.signals.config import Section
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.classification.modeling.contract import Classifier
    from stages.tasks.guess import Guess, Sample
    from stages.tasks.signals.modeling.frames import PreparedSignals
    from stages.tasks.signals.modeling.saved import Saved


# The datasets of which the notes' hypotheses are asked.
ASKED = ("ecg5000", "japanese_vowels", "spoken_digits")
HYPOTHESES = (
    Hypothesis("Both directions help", "bilstm", "lstm", "all", ASKED),
    Hypothesis("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all", ASKED),
)


class Signals(Task):
    """Give each signal one label; models are measured by the share of signals that get the right one."""

    name = "signals"
    builds_on = "classification"
    title = "classification of signals"
    items = "signals"
    section = Section
    prepared = "frames"
    preprocessor = "scaler.json"
    metrics = METRICS
    curves = ("log_loss",)
    hypotheses = HYPOTHESES
    promising = ("cnn", "gru", "cnn_lstm", "attention", "bilstm", "lstm", "rnn")
    item_columns = ("id", "label")
    length_column = "frames"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of signals and labels."""
        from stages.tasks.signals import loader

        return loader.read(dataset, dataset.params("reading", SignalReading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split signals by a hash of their values; official parts stand."""
        from stages.tasks.signals.splitter import split_table

        return split_table(table, dataset.params("split", SplitConfig))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.signals import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the scaler on train, and write train and validation as frames."""
        from stages.tasks.signals import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, the scaler, the labels and the frames for leaks."""
        from stages.tasks.signals.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: files of signals, or a table whose column of signals is named."""
        from stages.tasks.signals import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of signals would be."""
        from stages.tasks.signals import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedSignals":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.signals.modeling.frames import PreparedSignals

        return PreparedSignals.open(folder)

    def fit_network(self, job: Job, data: "PreparedSignals") -> Fit:
        """Train a network."""
        from stages.tasks.classification.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Classifier", data: "PreparedSignals") -> dict[str, float]:
        """Return a fitted baseline's metrics on validation."""
        from stages.tasks.classification.modeling.training import validation_metrics

        return validation_metrics(model, data)

    def num_examples(self, data: "PreparedSignals") -> int:
        """Return how many signals train has."""
        return len(data.part("train").labels)

    def load(self, folder: Path) -> "Saved":
        """Open a trained classifier."""
        from stages.tasks.signals.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "PreparedSignals") -> dict[str, Any]:
        """Return the labels, in the order of the probabilities, where signals are cut, and how raw files are read."""
        return {"labels": data.labels, "maximum_length": data.maximum_length, "reading": data.reading}

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a classifier on the test part."""
        from stages.tasks.signals import evaluation

        return evaluation.evaluate(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every signal's sufficient statistics, (seeds, signals, statistics)."""
        return per_seed(predictions)

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what the tables of labels list; add examples and confusions to each of the models."""
        from stages.tasks.signals import report

        return report.add_results(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw accuracies by quarter, and confusions."""
        from stages.tasks.signals import report

        return report.draw_charts(dataset, context)

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return functions that only the task's templates use, by name."""
        from stages.tasks.classification.report import quarter_range

        return {"quarter_range": quarter_range}


TASK = Signals()
