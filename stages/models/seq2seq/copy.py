"""The source as it stands: the least that a translation between close languages has to beat."""

from collections.abc import Sequence
from pathlib import Path

from stages.config.schema import ModelConfig
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import PreparedTexts, Vocabularies


class Parameters(ModelConfig):
    """Nothing to choose."""

    INPUT = "tokens"


class Model(Baseline):
    """Learns nothing."""

    @classmethod
    def fit(cls, parameters: Parameters, data: PreparedTexts) -> "Model":
        """Return the model."""
        return cls()

    def translate(
        self, sources: Sequence[str], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return every source as its one output."""
        return [[BeamHypothesis(source, 0.0, True)] for source in sources]

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return 0

    def save(self, folder: Path) -> None:
        """Write nothing."""

    @classmethod
    def load(cls, folder: Path, preprocessor: Vocabularies) -> "Model":
        """Return the model."""
        return cls()
