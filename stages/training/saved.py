"""A trained model's folder: self-contained, loadable without params.yaml, no pickle.

models/<dataset>/<model>/
    model.json        task, dataset, model, parameters, seeds, metrics on validation, number of parameters; what the
                      task adds; hashes of the code that trained it and of all other files
    seed-<n>/         one replica
    …                 the preprocessor, fitted on train, such as a vocabulary or a scaler
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from stages.config.schema import ModelConfig, NeuralConfig
from stages.nn.model import TrainedModel
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, sha256

if TYPE_CHECKING:
    from stages.nn.network import Network  # imports Keras

KEYS = {"dataset", "model", "parameters", "seeds", "validation", "num_params", "code", "files"}
SOURCES = Path(__file__).parents[1]
Replica = TypeVar("Replica")


def model_module(family: str, model: str) -> ModuleType:
    """Return the module of one model: its `Parameters`, and either `build` for a network or a class `Model`.

    `family`: the folder of the task's models; see `Task.family`.

    Raises:
        UserError: there is no such model.
    """
    if not (SOURCES / "models" / family / f"{model}.py").exists():
        raise UserError(f"there is no code for the model '{model}': stages/models/{family}/{model}.py is missing")
    return import_module(f"stages.models.{family}.{model}")


def code_hash(task: str, family: str, model: str) -> str:
    """Return the SHA-256 of the source files that decide what a model's saved weights mean."""
    folders = [SOURCES / "nn", *(SOURCES / "tasks" / name / "modeling" for name in sorted({task, family}))]
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    digest = hashlib.sha256()
    for path in [*files, Path(str(model_module(family, model).__file__))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and below, by its path from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


class SavedModel(ABC, Generic[Replica]):
    """A model that `train` wrote, with a replica for each of its seeds; a task says what one can do."""

    task: ClassVar[str]
    builds_on: ClassVar[str | None] = None  # see `Task.builds_on`
    keys: ClassVar[frozenset[str]] = frozenset()  # what model.json holds beside KEYS

    def __init__(self, folder: Path) -> None:
        """Open the folder; the weights are read when they are needed.

        Raises:
            UserError: the folder holds no trained model, a file is missing or damaged, or other code trained it.
        """
        self.folder = folder
        self.metadata = self._read_metadata()
        self.module = model_module(self.family, self.metadata["model"])
        self.parameters = self._read_parameters()
        self._refuse_other_files()

    @abstractmethod
    def build_network(self) -> "Network":
        """Return the network, with the weights of no replica."""

    @abstractmethod
    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Replica]]:
        """Yield (seed, replica) for some seeds, or for all."""

    def load_baseline(self, folder: Path) -> TrainedModel:
        """Return the baseline that a replica's folder holds."""
        model: TrainedModel = self.module.Model.load(folder)
        return model

    def load_replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, model); a network is the same object each time, compiled once, with other weights."""
        for seed in self.seeds if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if self.neural:
                self.network.load_weights(folder)
            yield seed, self.network if self.neural else self.load_baseline(folder)

    @property
    def family(self) -> str:
        """The folder below stages/models/ that its file lies in."""
        return self.builds_on or self.task

    @property
    def seeds(self) -> list[int]:
        """The seeds of all replicas."""
        seeds: list[int] = self.metadata["seeds"]
        return seeds

    @property
    def neural(self) -> bool:
        """Whether it is a network."""
        return isinstance(self.parameters, NeuralConfig)

    @cached_property
    def network(self) -> "Network":
        """The network of all replicas."""
        return self.build_network()

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def _read_metadata(self) -> dict[str, Any]:
        path = self.folder / "model.json"
        metadata = read_json(path)
        if not isinstance(metadata, dict) or "model" not in metadata:
            raise UserError(f"{path} does not describe a model: remove {self.folder} and run `dvc repro`")
        if metadata.get("task", self.task) != self.task:
            raise UserError(f"{self.folder} is a model of the task {metadata['task']}; this command is for {self.task}")
        if metadata.get("code") != code_hash(self.task, self.family, metadata["model"]):
            raise UserError(f"{self.folder} was trained with other code than this: run `dvc repro`")
        if lacking := sorted((KEYS | self.keys) - set(metadata)):
            raise UserError(
                f"{path} is damaged, it lacks {', '.join(lacking)}: remove {self.folder} and run `dvc repro`"
            )
        return metadata

    def _read_parameters(self) -> ModelConfig:
        try:
            parameters: ModelConfig = self.module.Parameters(**self.metadata["parameters"])
        except (TypeError, ValidationError):
            path = self.folder / "model.json"
            raise UserError(f"{path} is damaged in its parameters: remove {self.folder} and run `dvc repro`") from None
        return parameters

    def _refuse_other_files(self) -> None:
        paths = {self.folder / name: expected for name, expected in self.metadata["files"].items()}
        missing = [str(path) for path in paths if not path.is_file()]
        damaged = [str(path) for path, expected in paths.items() if path.is_file() and sha256(path) != expected]
        faults = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"damaged: {', '.join(damaged)}"] * bool(damaged)
        if faults:
            raise UserError(f"{'; '.join(faults)}: remove {self.folder} and run `dvc repro`")
