"""A trained model's folder: self-contained, loadable without params.yaml, no pickle.

models/<dataset>/<model>/
    model.json        task, dataset, model, parameters, seeds, scores on validation, number of parameters; what the
                      task adds; hashes of the code that trained it and of all other files
    seed-<n>/         one replica
    …                 what was fitted on train before, such as a vocabulary
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from pydantic import ValidationError

from stages.console import Problem
from stages.files import read_json, sha256
from stages.schema import Frozen, Neural

KEYS = {"dataset", "model", "parameters", "seeds", "validation", "size", "code", "files"}
PACKAGES = Path(__file__).parent


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and below, by its path from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


class SavedModel:
    """A model that `train` wrote, with a replica for each of its seeds; a task's package says what it can do."""

    task: ClassVar[str]
    code: ClassVar[tuple[str, ...]]  # files of the package that decide what saved weights mean, beside the model's
    keys: ClassVar[set[str]] = set()  # what model.json holds beside KEYS

    def __init__(self, folder: Path) -> None:
        """Open the folder; the weights are read when they are needed.

        Raises:
            Problem: the folder holds no trained model, a file is missing or damaged, or other code trained it.
        """
        self.folder = folder
        self.about = self._read_about()
        self.module = self.model_file(self.about["model"])
        self.parameters = self._read_parameters()
        self._refuse_other_files()

    @classmethod
    def model_file(cls, name: str) -> ModuleType:
        """Return the module of one model."""
        return import_module(f"stages.{cls.task}.models.{name}")

    @classmethod
    def code_hash(cls, model: str) -> str:
        """Return the SHA-256 of the source files that decide what a model's saved weights mean.

        Raises:
            Problem: there is no such model.
        """
        digest = hashlib.sha256()
        own = [PACKAGES / cls.task / name for name in (*cls.code, f"models/{model}.py")]
        for path in [Path(__file__).with_name("network.py"), *own]:
            if not path.exists():
                raise Problem(f"there is no code for the model '{model}': {path} is missing")
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, model); a network is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if self.neural:
                self.network.load_replica(folder)
            yield seed, self.network if self.neural else self.load_baseline(folder)

    @property
    def neural(self) -> bool:
        """Whether it is a network."""
        return isinstance(self.parameters, Neural)

    @cached_property
    def network(self) -> Any:
        """The network of all replicas."""
        return self.build_network()

    def build_network(self) -> Any:
        """Return the network, with the weights of no replica."""
        raise NotImplementedError

    def load_baseline(self, folder: Path) -> Any:
        """Return the baseline that a replica's folder holds."""
        return self.module.Model.load(folder)

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def _read_about(self) -> dict[str, Any]:
        path = self.folder / "model.json"
        about = read_json(path)
        if not isinstance(about, dict) or "model" not in about:
            raise Problem(f"{path} does not describe a model: remove {self.folder} and run `dvc repro`")
        if about.get("task", self.task) != self.task:
            raise Problem(f"{self.folder} is a model of the task {about['task']}; this command is for {self.task}")
        if about.get("code") != self.code_hash(about["model"]):
            raise Problem(f"{self.folder} was trained with other code than this: run `dvc repro`")
        if (KEYS | self.keys) - set(about):
            lacking = ", ".join(sorted((KEYS | self.keys) - set(about)))
            raise Problem(f"{path} is damaged, it lacks {lacking}: remove {self.folder} and run `dvc repro`")
        return about

    def _read_parameters(self) -> Frozen:
        try:
            return self.module.Parameters(**self.about["parameters"])
        except (TypeError, ValidationError):
            path = self.folder / "model.json"
            raise Problem(f"{path} is damaged in its parameters: remove {self.folder} and run `dvc repro`") from None

    def _refuse_other_files(self) -> None:
        paths = {self.folder / name: expected for name, expected in self.about["files"].items()}
        missing = [str(path) for path in paths if not path.is_file()]
        damaged = [str(path) for path, expected in paths.items() if path.is_file() and sha256(path) != expected]
        faults = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"damaged: {', '.join(damaged)}"] * bool(damaged)
        if faults:
            raise Problem(f"{'; '.join(faults)}: remove {self.folder} and run `dvc repro`")
