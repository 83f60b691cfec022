"""What a task owes the stages: one typed class, found by its folder.

A task is a folder below `stages/tasks/` with a `config.py`, whose `Section` is the task's part of params.yaml, and a
`task.py`, whose `TASK` is an instance of a subclass of `Task`. Its models lie below `stages/models/<task>/`, one a
file. Stages call the methods below and know no task's name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stages.config.dataset import Dataset
from stages.config.resolved import ModelFile, read_resolved
from stages.config.schema import (
    ModelConfig,
    NeuralConfig,
    ParallelConfig,
    Part,
    TaskSection,
    TrainingConfig,
)
from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.evaluation.uncertainty import Independent, Sampling
from stages.runtime.clock import clock
from stages.runtime.errors import UserError
from stages.runtime.files import remove
from stages.training.replica import Fit, Job, ReplicaResult
from stages.training.saved import SavedModel, model_module

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.guess import Guess, Sample

Findings = dict[str, list[str]]  # by leakage check, a line for each leak


@dataclass(frozen=True)
class Split:
    """A table's parts, and how many rows were dropped, by reason."""

    parts: Mapping[Part, "pd.DataFrame"]
    dropped: Mapping[str, int]
    details: Mapping[str, Any] = field(default_factory=dict)  # what else the report says
    remarks: Sequence[str] = ()  # what the user should know, in sentences, for the terminal and the report


@dataclass(frozen=True)
class Preparation:
    """What `tokenize` or `window` made of train and validation."""

    report: dict[str, Any]
    summary: str  # one line for the terminal
    lengths: Mapping[str, np.ndarray] | None = None  # by part, how many items have 0, 1, 2, … tokens
    remarks: Sequence[str] = ()  # what the user should know, in sentences, for the terminal and the report


@dataclass(frozen=True)
class EvaluationResult:
    """What a model did on the test part."""

    predictions: "pd.DataFrame"  # a row for each item and seed, for `compare`
    scores: dict[int, dict[str, float]]  # metrics by seed
    details: dict[str, Any]  # beside the metrics, the signature among them
    seconds: float  # that the predictions of all seeds took
    items: int  # predicted in that time, all seeds together
    plots: Mapping[str, "pd.DataFrame"] = field(default_factory=dict)  # by kind
    examples: dict[str, Any] | None = None  # with texts of the data: they stay out of Git
    remarks: Sequence[str] = ()  # what the user should know, in sentences, for the terminal and the report


@dataclass(frozen=True)
class Samples:
    """What a model generated, for the report."""

    report: dict[str, Any]
    examples: dict[str, Any]  # the texts
    timings: dict[str, float]
    summary: str  # one line for the terminal


@dataclass(frozen=True)
class TrainingPlan:
    """How one model is trained."""

    parameters: ModelConfig
    training: TrainingConfig
    seeds: tuple[int, ...]


class Task(ABC):
    """A kind of work on sequences: its data, its models' contract, its metrics, and its part of the report."""

    name: ClassVar[str]  # of its folder
    builds_on: ClassVar[str | None] = None  # the task whose models it trains on another kind of input; None: its own
    title: ClassVar[str]  # in words
    items: ClassVar[str]  # what is predicted, in the plural: texts, windows, …
    section: ClassVar[type[TaskSection]]  # of params.yaml

    prepared: ClassVar[str]  # the folder below data/prepared/<dataset>/ that `prepare` writes
    preprocessor: ClassVar[str]  # the file in it that trained models carry along

    metrics: ClassVar[tuple[Metric, ...]]  # the first decides between models
    curves: ClassVar[tuple[str, ...]] = ()  # metrics beside the first whose learning curves the report shows
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = ()
    promising: ClassVar[tuple[str, ...]] = ()  # networks that `recur try` trains first, in this order
    item_columns: ClassVar[tuple[str, ...]]  # of predictions, which must be the same for all models
    length_column: ClassVar[str | None] = None  # by which hypotheses choose the longest and shortest items

    # --- Data ---

    @abstractmethod
    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into one tidy table.

        Raises:
            UserError: a file cannot be read as the entry says; names file and rows.
        """

    @abstractmethod
    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Split a table into train, validation and test without leaks."""

    @abstractmethod
    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part, its content's hash among it."""

    @abstractmethod
    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit on train what models need, and write train and validation as arrays into the new folder `output`."""

    @abstractmethod
    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, and what was fitted on them, for leaks, using none of the code that made them."""

    # --- New data, for `recur add` ---

    def suits(self, sample: "Sample") -> int:
        """Return how well the task suits data without an entry: 0 not at all, 1 perhaps, 2 well, 3 surely."""
        return 0

    def guess(self, sample: "Sample") -> "Guess":
        """Return what an entry of the task would be for the data.

        Raises:
            Undecided: the data do not tell; names the options that would.
            UserError: the data are none of the task's, or the task guesses no entries.
        """
        raise UserError(f"no entry of {self.name} can be guessed: write one, see docs/adding-a-dataset.md")

    # --- Models ---

    @abstractmethod
    def open_prepared(self, folder: Path) -> Any:
        """Open the folder that `prepare` wrote: what a baseline is fitted on."""

    @abstractmethod
    def fit_network(self, job: Job, data: Any) -> Fit:
        """Train a network."""

    @abstractmethod
    def validate_baseline(self, job: Job, model: Any, data: Any) -> dict[str, float]:
        """Return a fitted baseline's metrics on validation, the primary one first."""

    @abstractmethod
    def num_examples(self, data: Any) -> int:
        """Return how many examples train has."""

    @abstractmethod
    def load(self, folder: Path) -> SavedModel[Any]:
        """Open a trained model."""

    @property
    def family(self) -> str:
        """The folder below stages/models/ that its models lie in."""
        return self.builds_on or self.name

    def metadata(self, data: Any) -> dict[str, Any]:
        """Return what model.json holds beside what every task's does."""
        return {}

    def plan(self, dataset: Dataset, model: str) -> TrainingPlan:
        """Return how a model is trained, by what `check` resolved.

        Raises:
            UserError: params.yaml names no such model.
        """
        file = read_resolved(dataset.paths.model_params(self.name, model), ModelFile)
        parameters: ModelConfig = model_module(self.family, model).Parameters(**file.parameters)
        return TrainingPlan(parameters, self.training_config()(**file.training), file.seeds)

    @classmethod
    def training_config(cls) -> type[TrainingConfig]:
        """Return the type of the section's `training`."""
        kind = cls.section.model_fields["training"].annotation
        assert isinstance(kind, type) and issubclass(kind, TrainingConfig)
        return kind

    def for_trial(self, section: TaskSection) -> TaskSection:
        """Return the section with less of what takes long and tells little, for `recur try`."""
        return section

    def fit_baseline(self, job: Job, data: Any) -> Fit:
        """Fit a baseline: its file's `Model.fit(parameters, data)`."""
        began = clock.seconds()
        model = model_module(self.family, job.model).Model.fit(job.parameters, data)
        seconds = max(clock.seconds() - began, 1e-3)
        return Fit(model, self.validate_baseline(job, model, data), seconds, self.num_examples(data), [])

    # --- Results ---

    @abstractmethod
    def evaluate(self, saved: Any, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a trained model on the test part. `saved`: what `load` returned."""

    def generate(self, saved: Any, dataset: Dataset) -> Samples:
        """Have a trained model generate the samples that the report shows.

        Raises:
            UserError: the task has none.
        """
        raise UserError(f"{dataset.name} has the task {self.name}, whose models generate no samples")

    @abstractmethod
    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every item's sufficient statistics, (seeds, items, statistics)."""

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return how the test part's items came about. `items`: the predictions of one model and seed."""
        return Independent()

    @property
    def primary(self) -> Metric:
        """The metric that decides between models."""
        return self.metrics[0]

    def headline(self) -> list[Metric]:
        """Return the few metrics that DVC shows."""
        return [metric for metric in self.metrics if metric.headline]

    def curve_metrics(self) -> list[Metric]:
        """Return the metrics whose learning curves the report shows, the primary one first."""
        return [self.primary, *(metric for metric in self.metrics if metric.name in self.curves)]

    # --- Report ---

    @abstractmethod
    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what the report shows of a dataset beside what all have; may add to each of the `models`."""

    @abstractmethod
    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the pictures that the task's template shows beside those that all have, as SVG by name."""

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return functions that only the task's templates use, by name."""
        return {}


def train_replica(task: Task, job: Job) -> ReplicaResult:
    """Train one replica, save it to `job.folder` and return what there is to tell of it."""
    data = task.open_prepared(job.dataset.prepared / task.prepared)
    fit = task.fit_network(job, data) if isinstance(job.parameters, NeuralConfig) else task.fit_baseline(job, data)
    remove(job.folder)  # what a worker left that was lost while it saved
    job.folder.mkdir()
    fit.model.save(job.folder)
    return ReplicaResult.of(job, fit)
