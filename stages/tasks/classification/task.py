"""Text classification: one label for each text.

What reads tables or draws is imported where it is used: training has no need of pandas or Matplotlib.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.classification.config import Reading, Section, SplitConfig
from stages.tasks.classification.metrics import HYPOTHESES, METRICS, per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.classification.modeling.contract import Classifier
    from stages.tasks.classification.modeling.saved import Saved
    from stages.tasks.classification.modeling.texts import PreparedTexts
    from stages.tasks.guess import Guess, Sample


class Classification(Task):
    """Give each text one label; models are measured by the share of texts that get the right one."""

    name = "classification"
    title = "text classification"
    items = "texts"
    section = Section
    prepared = "tokens"
    preprocessor = "tokenizer.json"
    metrics = METRICS
    curves = ("log_loss",)
    hypotheses = HYPOTHESES
    promising = ("cnn", "gru", "attention", "bilstm", "lstm", "cnn_lstm", "rnn")
    item_columns = ("id", "label")
    length_column = "tokens"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of texts and labels."""
        from stages.tasks.classification import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split texts by a hash of their content; official parts stand."""
        from stages.tasks.classification.splitter import split_table

        return split_table(table, dataset.params("split", SplitConfig))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.classification import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the vocabulary on train, and write train and validation as ids."""
        from stages.tasks.classification import tokenizer

        return tokenizer.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, the vocabulary and the labels for leaks."""
        from stages.tasks.classification.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: a column of texts and one of labels."""
        from stages.tasks.classification import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of texts with labels would be."""
        from stages.tasks.classification import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedTexts":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.classification.modeling.texts import PreparedTexts

        return PreparedTexts.open(folder)

    def fit_network(self, job: Job, data: "PreparedTexts") -> Fit:
        """Train a network."""
        from stages.tasks.classification.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Classifier", data: "PreparedTexts") -> dict[str, float]:
        """Return a fitted baseline's metrics on validation."""
        from stages.tasks.classification.modeling.training import validation_metrics

        return validation_metrics(model, data)

    def num_examples(self, data: "PreparedTexts") -> int:
        """Return how many texts train has."""
        return len(data.part("train").labels)

    def load(self, folder: Path) -> "Saved":
        """Open a trained classifier."""
        from stages.tasks.classification.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "PreparedTexts") -> dict[str, Any]:
        """Return the labels, in the order of the probabilities."""
        return {"labels": data.labels}

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a classifier on the test part."""
        from stages.tasks.classification import evaluation

        return evaluation.evaluate(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every text's sufficient statistics, (seeds, texts, statistics)."""
        return per_seed(predictions)

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the lengths of the texts; add examples and confusions to each of the models."""
        from stages.tasks.classification import report

        return report.add_results(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw accuracies by quarter, confusions, and the texts' lengths."""
        from stages.tasks.classification import report

        return report.draw_charts(dataset, context)

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return functions that only the task's templates use, by name."""
        from stages.tasks.classification.report import quarter_range, shaded

        return {"quarter_range": quarter_range, "shaded": shaded}


TASK = Classification()
