"""Sequence to sequence: models of pairs, which write a target for a source.

What reads tables or draws is imported where it is used: training has no need of Matplotlib.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.evaluation.uncertainty import Ordered, Sampling
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.seq2seq.config import Reading, Section, SplitConfig
from stages.tasks.seq2seq.metrics import HYPOTHESES, METRICS, per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.guess import Guess, Sample
    from stages.tasks.seq2seq.modeling.contract import Translator
    from stages.tasks.seq2seq.modeling.data import PreparedTexts
    from stages.tasks.seq2seq.modeling.saved import Saved


class Seq2seq(Task):
    """Learn to write a target for a source; models are measured by the edits to the closest reference."""

    name = "seq2seq"
    title = "sequence to sequence"
    items = "sources"
    section = Section
    prepared = "tokens"
    preprocessor = "vocabularies.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("luong", "bahdanau", "encoder_decoder")
    item_columns = ("id", "source_tokens")
    length_column = "source_tokens"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of pairs."""
        from stages.tasks.seq2seq import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split pairs; all references of a source, and sources that are nearly the same, stay in one part."""
        from stages.tasks.seq2seq.splitter import split_pairs

        return split_pairs(table, dataset.params("split", SplitConfig))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.seq2seq import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit both sides' vocabularies on train, and write train's pairs as ids."""
        from stages.tasks.seq2seq import tokenizer

        return tokenizer.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts and the vocabularies for leaks."""
        from stages.tasks.seq2seq.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: two columns of texts, or two files of as many lines."""
        from stages.tasks.seq2seq import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of pairs would be."""
        from stages.tasks.seq2seq import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedTexts":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.seq2seq.modeling.data import PreparedTexts

        return PreparedTexts(folder)

    def fit_network(self, job: Job, data: "PreparedTexts") -> Fit:
        """Train a network."""
        from stages.tasks.seq2seq.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Translator", data: "PreparedTexts") -> dict[str, float]:
        """Return the metrics of what a baseline writes for validation's first sources."""
        from stages.tasks.seq2seq.modeling import training

        return training.validate_baseline(job, model, data)

    def num_examples(self, data: "PreparedTexts") -> int:
        """Return how many pairs are learned from."""
        return len(data.side("train", "source").lengths)

    def load(self, folder: Path) -> "Saved":
        """Open a trained model."""
        from stages.tasks.seq2seq.modeling.saved import Saved

        return Saved(folder)

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a model on the test part."""
        from stages.tasks.seq2seq import evaluation

        return evaluation.evaluate(saved, dataset, parallel)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every source's sufficient statistics, (seeds, sources, columns)."""
        return per_seed(predictions)

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return that sources stand in the order of the data: verses of a chapter and words of a stem are alike."""
        return Ordered()

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the lengths of the texts; add examples to each of the models."""
        from stages.tasks.seq2seq import report

        return report.report_context(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw the metrics by the source's length, and how long the texts are."""
        from stages.tasks.seq2seq import report

        return report.draw_charts(dataset, context)


TASK = Seq2seq()
