"""The building blocks of typed parameters: frozen types, names, seeds, and what every task's section has."""

import importlib
import pkgutil
import warnings
from collections import Counter
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from stages.runtime.errors import ConfigError, nearest

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_]*$"


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse values that are given twice.

    Raises:
        ValueError: names them.
    """
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"given twice: {', '.join(twice)}")
    return values


# Names stand in file names, stage names and DVC's templates: letters, digits and underscores do in all of them.
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=60)]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
MOST = 2**31 - 1  # that libraries count to
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct)]
Delimiter = Annotated[
    str, Field(pattern=r'^[^"\r\n]$', description="one character between fields; null: a comma in csv, a tab in tsv")
]


MIN_STEPS = (
    "gradient steps that a run is planned for at least: for few data an epoch is several passes over train, and more "
    "than five of them are cut into several epochs; patience may still end it earlier"
)
MAX_STEPS = "gradient steps that a run is planned for at most: for many data an epoch is a part of a pass; null: any"


class Frozen(BaseModel):
    """A part of params.yaml: every key known, every value checked, nothing changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class ModelConfig(Frozen):
    """The parameters of one model."""

    CONTEXT: ClassVar[str | None] = None  # what a prediction rests on, in words; None: the task's own
    INPUT: ClassVar[str | None] = None  # the only kind of input that it reads: tokens or frames; None: any


class NeuralConfig(ModelConfig):
    """The parameters of a model that learns by gradient steps from a random start: it is trained once a seed."""

    learning_rate: float = Field(default=0.002, gt=0, description="the highest; it falls to a tenth along a cosine")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )


class TrainingConfig(Frozen):
    """What all networks of a task share when they are trained, so that they are compared on equal terms."""

    min_steps: int = Field(default=1, ge=1, description=MIN_STEPS)
    max_steps: int | None = Field(default=None, ge=1, description=MAX_STEPS)
    minutes: float | None = Field(
        default=None,
        gt=0,
        description="of one core that a run trains at most, compiling aside; where it ends then depends on the machine",
    )
    patience: int = Field(default=3, ge=1, description="looks at validation without a better one before stopping")
    ema_decay: float = Field(
        default=0.98,
        ge=0,
        lt=1,
        description="what validation sees and is saved: a running average of the weights, which keeps this share of "
        "itself at each step; 0: the weights themselves",
    )
    clip_norm: float = Field(default=1.0, gt=0, description="the gradient's norm over all weights is clipped to this")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "TrainingConfig":
        if self.max_steps is not None and self.max_steps < self.min_steps:
            raise ValueError(f"max_steps ({self.max_steps}) must not be below min_steps ({self.min_steps})")
        return self


class ModelsConfig(Frozen):
    """One optional entry for each model file."""


class TaskSection(Frozen):
    """A task's section of params.yaml: every dataset in it is learned by every model in it."""

    baseline_training: ClassVar[frozenset[str]] = frozenset()  # keys of `training` that baselines use as well

    seeds: Seeds | None = Field(default=None, description="in place of the seeds above")
    datasets: dict[Name, Any] = Field(default_factory=dict)
    training: TrainingConfig = TrainingConfig()
    models: ModelsConfig = ModelsConfig()

    @model_validator(mode="after")
    def _names_a_model(self) -> "TaskSection":
        if self.datasets and not self.models.model_fields_set:
            raise ValueError("there are datasets, but no models: name at least one")
        return self

    def model(self, name: str) -> ModelConfig:
        """Return the parameters of one model.

        Raises:
            ConfigError: params.yaml does not name it.
        """
        if name not in self.models.model_fields_set:
            raise ConfigError(f"params.yaml names no model '{name}': {nearest(name, self.model_names())}")
        config: ModelConfig = getattr(self.models, name)
        return config

    def model_names(self) -> list[str]:
        """Return the models that params.yaml names, in alphabetical order."""
        return sorted(self.models.model_fields_set)


class ParallelConfig(Frozen):
    """How replicas run side by side."""

    backend: Literal["local", "dask"] = Field(
        default="local", description="processes of this machine, or workers of a Dask cluster (docs/scaling.md)"
    )
    processes: int = Field(
        default=-1, ge=-1, description="of this machine at a time; -1: one more than there are cores"
    )
    scheduler: str | None = Field(
        default=None, pattern=r"^(tcp|tls|ucx|ws|wss)://", description="of the Dask cluster; null: one on this machine"
    )

    @model_validator(mode="after")
    def _scheduler_is_dasks(self) -> "ParallelConfig":
        if self.scheduler is not None and self.backend != "dask":
            raise ValueError("scheduler is for backend: dask")
        return self


class EvaluationConfig(Frozen):
    """How uncertainty is measured."""

    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="of the intervals, and to call a difference proven"
    )


class BaseParams(Frozen):
    """What params.yaml holds beside the tasks' sections."""

    seeds: Seeds = (1, 2, 3)
    parallel: ParallelConfig = ParallelConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def sections(self) -> dict[str, TaskSection]:
        """Return the tasks' sections by the task's name."""
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in fields if isinstance(value, TaskSection)}

    def tasks(self) -> dict[str, str]:
        """Return the task of each dataset."""
        return {dataset: task for task, section in self.sections().items() for dataset in section.datasets}

    def seeds_of(self, task: str) -> tuple[int, ...]:
        """Return the seeds that a task's models are trained with: its own, if it has any."""
        return self.sections()[task].seeds or self.seeds


def models_config(package: ModuleType, *reads: str) -> type[ModelsConfig]:
    """Return a type with an optional entry for each file of a package, of the type `Parameters` that it holds.

    Args:
        package: of models, one a file.
        reads: the kinds of input of which the models are to read one; none: the package has one kind alone.
    """
    fields: dict[str, Any] = {}
    for file in pkgutil.iter_modules(package.__path__):
        parameters = importlib.import_module(f"{package.__name__}.{file.name}").Parameters
        if not reads or parameters.INPUT in (*reads, None):
            fields[file.name] = (parameters, Field(default=None, validate_default=False))
    task = package.__name__.split(".")[-1]
    with warnings.catch_warnings():  # a model may be called as a method of pydantic's that nothing here uses: copy
        warnings.filterwarnings("ignore", "Field name .* shadows an attribute")
        return create_model(f"{task.title()}Models", __base__=ModelsConfig, __doc__=ModelsConfig.__doc__, **fields)
