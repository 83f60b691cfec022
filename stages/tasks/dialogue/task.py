"""Dialogue: which of ten replies was given, and what a model would write.

It builds on sequence to sequence: models, training and search are that task's; what differs is how models are measured.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.config.split import HashSplit
from stages.evaluation.uncertainty import Grouped, Sampling
from stages.runtime.files import write_json
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.dialogue.config import Reading, Section
from stages.tasks.dialogue.metrics import HYPOTHESES, METRICS, per_seed
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.dialogue.modeling.data import PreparedDialogue
    from stages.tasks.dialogue.modeling.saved import Saved
    from stages.tasks.replies import Chooser


class Dialogue(Task):
    """Reply to what was said; models are measured by how often they find the reply that was given among ten."""

    name = "dialogue"
    builds_on = "seq2seq"
    title = "dialogue"
    items = "replies"
    section = Section
    prepared = "tokens"
    preprocessor = "vocabularies.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("dual_encoder", "luong", "bahdanau", "encoder_decoder")
    item_columns = ("id", "source_tokens")
    length_column = "source_tokens"

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into a table of replies."""
        from stages.tasks.dialogue import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split replies by a hash of their conversation, and draw what each is chosen among."""
        from stages.tasks.dialogue.splitter import split_replies

        return split_replies(table, dataset.params("split", HashSplit))

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.dialogue import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the vocabularies on train, and write train's replies as ids."""
        from stages.tasks.dialogue.modeling.data import META
        from stages.tasks.seq2seq import tokenizer

        preparation = tokenizer.prepare(dataset, output)
        write_json(output / META, dataset.params("reading", Reading).model_dump(include={"history", "words"}))
        return preparation

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, the candidates and the vocabularies for leaks."""
        from stages.tasks.dialogue.leakage import check_leaks

        return check_leaks(dataset)

    def open_prepared(self, folder: Path) -> "PreparedDialogue":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.dialogue.modeling.data import PreparedDialogue

        return PreparedDialogue(folder)

    def fit_network(self, job: Job, data: "PreparedDialogue") -> Fit:
        """Train a network."""
        from stages.tasks.dialogue.modeling import training

        return training.fit_network(job, data)

    def validate_baseline(self, job: Job, model: "Chooser", data: "PreparedDialogue") -> dict[str, float]:
        """Return the metrics of what a baseline chooses of validation's first replies."""
        from stages.tasks.dialogue.modeling import training

        return training.validate_baseline(job, model)

    def num_examples(self, data: "PreparedDialogue") -> int:
        """Return how many replies are learned from."""
        return len(data.side("train", "source").lengths)

    def load(self, folder: Path) -> "Saved":
        """Open a trained model."""
        from stages.tasks.dialogue.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "PreparedDialogue") -> dict[str, Any]:
        """Return how many turns a reply is given for, and how many of their words."""
        return data.limits

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a model on the test part."""
        from stages.tasks.dialogue import evaluation

        return evaluation.evaluate(saved, dataset, parallel)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every reply's sufficient statistics, (seeds, replies, columns)."""
        return per_seed(predictions)

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return that conversations stand for others: the replies of one are alike."""
        return Grouped(items["conversation"].to_numpy(), "conversations")

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the lengths of the texts; add examples, and how varied what they write is, to each of the models."""
        from stages.tasks.dialogue import report

        return report.add_results(dataset, models)

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw how long the texts are."""
        from stages.tasks.dialogue import report

        return report.draw_charts(dataset, context)


TASK = Dialogue()
