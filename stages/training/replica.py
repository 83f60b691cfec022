"""One replica of a model, one for each seed: what it is told, and what comes of it."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.config.dataset import Dataset
from stages.config.schema import ModelConfig, TrainingConfig
from stages.nn.model import TrainedModel

Epoch = dict[str, Any]  # a row of a learning curve: epoch, train_loss (null: none), and metrics on validation


@dataclass(frozen=True)
class Job:
    """What one replica is told."""

    dataset: Dataset
    model: str
    parameters: ModelConfig
    training: TrainingConfig
    seed: int
    folder: Path  # where it is saved
    checkpoint: Path  # where its unfinished training is kept
    curve: Path | None = None  # a CSV file that each epoch is appended to while the training runs
    position: int = 0  # of its progress bar


@dataclass(frozen=True)
class Fit:
    """A fitted model, and how it came about."""

    model: TrainedModel
    validation: dict[str, float]  # its metrics on validation; the one that chooses between models comes first
    seconds: float  # of one core, without compiling
    examples: int  # that were learned from, each counted as often as it was seen
    epochs: list[Epoch]  # none for a baseline
    still_improving: bool = False  # when its training ended: more of it might have done better


@dataclass(frozen=True)
class ReplicaResult:
    """What a replica tells `train`, once it is saved."""

    validation: dict[str, float]
    epochs: list[Epoch]
    num_params: int
    timing: dict[str, float]
    still_improving: bool

    @classmethod
    def of(cls, job: Job, fit: Fit) -> "ReplicaResult":
        """Return what there is to tell of a fit; a baseline's learning curve has one row."""
        unit = 1 if sys.platform == "darwin" else 1024  # bytes in getrusage's figure
        timing = {
            "seed": job.seed,
            "fit_seconds": fit.seconds,
            "epochs": max(len(fit.epochs), 1),
            "examples_per_second": fit.examples / max(fit.seconds, 1e-9),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        }
        epochs = fit.epochs or [{"epoch": 1, "train_loss": None} | fit.validation]
        return cls(fit.validation, epochs, fit.model.num_params(), timing, fit.still_improving)
