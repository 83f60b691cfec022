"""Speech recognition: models write the words that a recording says.

It builds on sequence to sequence: models, training, metrics and search are that task's, of frames in place of tokens.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.seq2seq.metrics import per_seed
from stages.tasks.speech.config import Reading, Section, SplitConfig
from stages.tasks.speech.metrics import HYPOTHESES, METRICS
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.guess import Guess, Sample
    from stages.tasks.seq2seq.modeling.contract import Translator
    from stages.tasks.speech.modeling.frames import PreparedSpeech
    from stages.tasks.speech.modeling.saved import Saved


class Speech(Task):
    """Write what a recording says; models are measured by the edits to what was said."""

    name = "speech"
    builds_on = "seq2seq"
    title = "speech recognition"
    items = "recordings"
    section = Section
    prepared = "frames"
    preprocessor = "preprocessor.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("ctc", "bahdanau", "luong", "encoder_decoder")
    item_columns = ("id", "frames")
    length_column = "frames"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of recordings and what they say."""
        from stages.tasks.speech import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split recordings, by speaker where one is named; then join them to strings, if that is asked for."""
        from stages.tasks.speech.splitter import split_recordings

        return split_recordings(table, dataset.params("split", SplitConfig))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.speech import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit a scaler and a vocabulary on train, and write train as frames and tokens."""
        from stages.tasks.speech import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, their strings, the scaler, the vocabulary and the frames for leaks."""
        from stages.tasks.speech.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: recordings with a table of what they say."""
        from stages.tasks.speech import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of speech would be."""
        from stages.tasks.speech import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "PreparedSpeech":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.speech.modeling.frames import PreparedSpeech

        return PreparedSpeech(folder)

    def fit_network(self, job: Job, data: "PreparedSpeech") -> Fit:
        """Train a network."""
        from stages.tasks.seq2seq.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Translator", data: "PreparedSpeech") -> dict[str, float]:
        """Return the metrics of what a baseline writes for validation's first sources."""
        from stages.tasks.seq2seq.modeling import training

        return training.validate_baseline(job, model, data)

    def num_examples(self, data: "PreparedSpeech") -> int:
        """Return how many sources are learned from."""
        return len(data.side("train", "source").lengths)

    def load(self, folder: Path) -> "Saved":
        """Open a trained model."""
        from stages.tasks.speech.modeling.saved import Saved

        return Saved(folder)

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a model on the test part."""
        from stages.tasks.speech import evaluation

        return evaluation.evaluate(saved, dataset, parallel)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every source's sufficient statistics, (seeds, sources, columns)."""
        return per_seed(predictions)

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return nothing more; add examples with their pictures to each of the models."""
        from stages.tasks.speech import report

        return report.add_examples(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw the metrics by how long a source is."""
        from stages.tasks.speech import report

        return report.draw_charts(dataset, context)


TASK = Speech()
