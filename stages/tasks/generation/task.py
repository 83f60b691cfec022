"""Text generation: language models of running text.

What reads tables or draws is imported where it is used: training has no need of pandas or Matplotlib.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig, TaskSection
from stages.evaluation.uncertainty import Grouped, Ordered, Sampling
from stages.tasks.base import EvaluationResult, Findings, Preparation, Samples, Split, Task
from stages.tasks.generation.config import Reading, Section, SplitConfig
from stages.tasks.generation.metrics import HYPOTHESES, METRICS, per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.generation.modeling.contract import LanguageModel
    from stages.tasks.generation.modeling.data import Prepared
    from stages.tasks.generation.modeling.saved import Saved
    from stages.tasks.guess import Guess, Sample


TRIAL_LENGTH = 300  # characters of a sample of `recur try`


class Generation(Task):
    """Learn to continue a text; models are measured by what the test part costs under them."""

    name = "generation"
    title = "text generation"
    items = "characters"
    section = Section
    prepared = "window"
    preprocessor = "tokenizer.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("gru", "lstm", "cnn", "rnn", "deconv")
    item_columns = ("id", "characters", "words")

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files, each of them a work."""
        from stages.tasks.generation import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split works, or a single one between its lines."""
        from stages.tasks.generation.splitter import split_works

        return split_works(table, dataset.params("split", SplitConfig))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.generation import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the vocabulary on train, and write train and validation as ids and windows."""
        from stages.tasks.generation import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts and the vocabulary for leaks."""
        from stages.tasks.generation.leakage import check_leaks

        return check_leaks(dataset)

    def for_trial(self, section: TaskSection) -> TaskSection:
        """Return the section with short samples."""
        assert isinstance(section, Section)
        return section.model_copy(update={"sampling": section.sampling.model_copy(update={"length": TRIAL_LENGTH})})

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: plain text."""
        from stages.tasks.generation import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of running text would be."""
        from stages.tasks.generation import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "Prepared":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.generation.modeling.data import Prepared

        return Prepared.open(folder)

    def fit_network(self, job: Job, data: "Prepared") -> Fit:
        """Train a network."""
        from stages.tasks.generation.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "LanguageModel", data: "Prepared") -> dict[str, float]:
        """Return a fitted baseline's bits per character on all of validation."""
        from stages.tasks.generation.modeling.training import validation_metrics

        return validation_metrics(data, model.token_nll_bits)

    def num_examples(self, data: "Prepared") -> int:
        """Return how many tokens train has."""
        return len(data.ids("train"))

    def load(self, folder: Path) -> "Saved":
        """Open a trained language model."""
        from stages.tasks.generation.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "Prepared") -> dict[str, Any]:
        """Return what ids mean."""
        return {"window": asdict(data.meta)}

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a language model on the test part."""
        from stages.tasks.generation import evaluation

        return evaluation.evaluate(saved, dataset)

    def generate(self, saved: "Saved", dataset: Dataset) -> Samples:
        """Generate a sample at every temperature, and evaluate it."""
        from stages.tasks.generation.samples import generate_samples

        return generate_samples(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every block's characters, words and bits, (seeds, blocks, 3)."""
        return per_seed(predictions)

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return that works stand for others, if there are enough of them; else that blocks follow each other."""
        works = Grouped(items["work"].to_numpy(), "works")
        return works if works.independent >= works.fewest else Ordered()

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Add the samples to each of the models."""
        from stages.tasks.generation import report

        report.add_samples(dataset, models)
        return {}

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw the bits per character by place in the window."""
        from stages.tasks.generation import report

        return report.draw_charts(dataset, context["models"])


TASK = Generation()
