"""One dataset: where everything of it lies, and its resolved parameters."""

from dataclasses import dataclass
from pathlib import Path

from stages.config.paths import Paths
from stages.config.resolved import Config, read_resolved
from stages.config.schema import Part
from stages.runtime.errors import ConfigError, nearest


@dataclass(frozen=True)
class Dataset:
    """A dataset of params.yaml. `task`: the name of its task."""

    paths: Paths
    task: str
    name: str

    @classmethod
    def find(cls, paths: Paths, name: str) -> "Dataset":
        """Return a dataset by its name.

        Raises:
            ConfigError: params.yaml has no such dataset.
        """
        known = {path.name: path.parent.parent.name for path in paths.resolved.glob("*/datasets/*") if path.is_dir()}
        if name not in known:
            hint = nearest(name, known) if known else "run `python -m stages.check` first, which reads it"
            raise ConfigError(f"{paths.params} has no dataset '{name}': {hint}")
        return cls(paths, known[name], name)

    def params(self, key: str, kind: type[Config]) -> Config:
        """Return one key of the dataset's entry, typed, its defaults filled in."""
        return read_resolved(self.paths.dataset_params(self.task, self.name) / f"{key}.json", kind)

    def key(self, name: str) -> str:
        """Return where a key of the entry stands in params.yaml, for messages."""
        return f"{self.task}.datasets.{self.name}.{name}"

    @property
    def raw(self) -> Path:
        """The folder of raw files, as they were published."""
        return self.paths.root / "data/raw" / self.name

    @property
    def vectors(self) -> Path:
        """The folder of given word vectors, empty where there are none."""
        return self.paths.root / "data/vectors" / self.name

    @property
    def expectations(self) -> Path:
        """What the table must satisfy."""
        return self.paths.expectations / f"{self.name}.yaml"

    @property
    def prepared(self) -> Path:
        """The folder of the table, its parts and what was made of them."""
        return self.paths.root / "data/prepared" / self.name

    @property
    def table(self) -> Path:
        """The tidy table."""
        return self.prepared / "table.parquet"

    def part(self, name: Part) -> Path:
        """The file of one part of the table."""
        return self.prepared / "parts" / f"{name}.parquet"

    def predictions(self, model: str) -> Path:
        """A model's predictions on the test part."""
        return self.paths.root / "data/predictions" / self.name / f"{model}.parquet"

    def model(self, name: str) -> Path:
        """The folder of a trained model."""
        return self.paths.models / self.name / name

    def report(self, kind: str, model: str | None = None) -> Path:
        """A JSON report of a kind, about the dataset or about one model on it."""
        name = self.name if model is None else f"{self.name}/{model}"
        return self.paths.reports / kind / f"{name}.json"

    def plot(self, kind: str, model: str | None = None) -> Path:
        """The table of a plot of a kind, about the dataset or about one model on it."""
        name = self.name if model is None else f"{self.name}/{model}"
        return self.paths.reports / "plots" / kind / f"{name}.csv"
