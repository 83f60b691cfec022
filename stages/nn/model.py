"""What every trained model can do, network or baseline."""

from abc import ABC, abstractmethod
from pathlib import Path


class TrainedModel(ABC):
    """A model that was fitted. What it predicts, and from what, is its task's own contract."""

    @abstractmethod
    def num_params(self) -> int:
        """Return the number of fitted values."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that is needed to load it again, without pickle, into an existing folder."""
