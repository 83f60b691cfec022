"""Questions about texts: one answer for each, out of a fixed set.

It builds on text classification: models, metrics, training and most of the report are that task's.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.config.split import HashSplit
from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.uncertainty import Grouped, Independent, Sampling
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.classification.metrics import METRICS, per_seed
from stages.tasks.questions.config import Reading, Section
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.classification.modeling.contract import Classifier
    from stages.tasks.guess import Guess, Sample
    from stages.tasks.questions.modeling.questions import PreparedQuestions
    from stages.tasks.questions.modeling.saved import Saved


ASKED = ("stories",)  # the dataset of which the notes' hypotheses are asked
HYPOTHESES = (
    Hypothesis("Attention to sentences beats reading once", "attentive_reader", "gru", "all", ASKED),
    Hypothesis("A memory that is looked at beats reading once", "memory_network", "gru", "all", ASKED),
    Hypothesis("Several looks beat one", "memory_network", "attentive_reader", "all", ASKED),
)


class QuestionAnswering(Task):
    """Give each question one answer; models are measured by the share of questions that get the right one."""

    name = "questions"
    builds_on = "classification"
    title = "questions about texts"
    items = "questions"
    section = Section
    prepared = "tokens"
    preprocessor = "tokenizer.json"
    metrics = METRICS
    curves = ("log_loss",)
    hypotheses = HYPOTHESES
    promising = ("memory_network", "attentive_reader", "attention", "gru", "bilstm", "lstm", "cnn", "cnn_lstm", "rnn")
    item_columns = ("id", "label")
    length_column = "tokens"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of questions and answers."""
        from stages.tasks.questions import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split questions by a hash of the story; official parts stand."""
        from stages.tasks.questions.splitter import split_questions

        return split_questions(table, dataset.params("split", HashSplit))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.questions import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the vocabulary on train, and write train and validation as ids."""
        from stages.tasks.classification import tokenizer
        from stages.tasks.sentences import LINE_BREAK

        return tokenizer.prepare(dataset, output, LINE_BREAK)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, the vocabulary and the answers for leaks."""
        from stages.tasks.questions.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: columns of texts, of questions and of answers that come again."""
        from stages.tasks.questions import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of questions would be."""
        from stages.tasks.questions import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedQuestions":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.questions.modeling.questions import PreparedQuestions

        return PreparedQuestions.open(folder)

    def fit_network(self, job: Job, data: "PreparedQuestions") -> Fit:
        """Train a network."""
        from stages.tasks.classification.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Classifier", data: "PreparedQuestions") -> dict[str, float]:
        """Return a fitted baseline's metrics on validation."""
        from stages.tasks.classification.modeling.training import validation_metrics

        return validation_metrics(model, data)

    def num_examples(self, data: "PreparedQuestions") -> int:
        """Return how many questions train has."""
        return len(data.part("train").labels)

    def load(self, folder: Path) -> "Saved":
        """Open a trained classifier."""
        from stages.tasks.questions.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "PreparedQuestions") -> dict[str, Any]:
        """Return the answers, in the order of the probabilities."""
        return {"labels": data.labels}

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a classifier on the test part."""
        from stages.tasks.questions import evaluation

        return evaluation.evaluate(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every question's sufficient statistics, (seeds, questions, statistics)."""
        return per_seed(predictions)

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return that texts stand for others, where several questions are about one; else that questions do."""
        stories = items["story"].to_numpy()
        return Grouped(stories, "texts") if len(np.unique(stories)) < len(stories) else Independent()

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the kinds and the lengths; add examples and confusions to each of the models."""
        from stages.tasks.questions import report

        return report.add_results(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw accuracies by quarter, confusions, and the texts' lengths."""
        from stages.tasks.questions import report

        return report.draw_charts(dataset, context)

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return functions that only the task's templates use, by name."""
        from stages.tasks.classification.report import quarter_range

        return {"quarter_range": quarter_range}


TASK = QuestionAnswering()
