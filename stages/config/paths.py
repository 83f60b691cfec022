"""Where everything lies, below the project's root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The folders and files that no single dataset owns. `root`: the project's folder, by default the working one."""

    root: Path = Path()

    @property
    def params(self) -> Path:
        """What the user chooses."""
        return self.root / "params.yaml"

    @property
    def resolved(self) -> Path:
        """The resolved parameters that `check` writes, a small file for each dependency of a stage."""
        return self.root / "data/params"

    @property
    def expectations(self) -> Path:
        """What each dataset must satisfy."""
        return self.root / "data/expectations"

    @property
    def watched(self) -> Path:
        """Links to local sources, by which DVC notices that one was edited."""
        return self.root / "data/watched"

    @property
    def models(self) -> Path:
        """The trained models, models/<dataset>/<model>."""
        return self.root / "models"

    @property
    def reports(self) -> Path:
        """All results."""
        return self.root / "reports"

    @property
    def checkpoints(self) -> Path:
        """Unfinished trainings: outside the outputs, which DVC deletes before a stage runs."""
        return self.root / ".recur/checkpoints"

    def dataset_params(self, task: str, dataset: str) -> Path:
        """The folder of a dataset's resolved parameters, a file for each key of its entry."""
        return self.resolved / task / "datasets" / dataset

    def model_params(self, task: str, model: str) -> Path:
        """A model's resolved parameters, with all else that decides how it is trained."""
        return self.resolved / task / "models" / f"{model}.json"

    def task_params(self, task: str, key: str) -> Path:
        """Resolved parameters of a whole task."""
        return self.resolved / task / f"{key}.json"
