"""The typed parameters of text generation: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

import stages.models.generation
from stages.config.reading import FileReading
from stages.config.schema import MIN_STEPS, MOST, Frozen, ModelsConfig, Name, TaskSection, TrainingConfig, models_config
from stages.config.sources import DatasetConfig


class Reading(FileReading):
    """How the raw files become works: a file is a work."""

    characters: int | None = Field(default=None, ge=1, le=MOST, description="keep at most so many of each file's first")


class SplitConfig(Frozen):
    """Which works, from the last backwards, are test and validation. A single work is cut between lines."""

    validation: float = Field(default=0.05, gt=0, lt=0.5, description="share of the characters, the part before test")
    test: float = Field(default=0.1, gt=0, lt=0.5, description="share of the characters, the last ones")
    shared_lines: float = Field(
        default=0.02, ge=0, le=1, description="how many of a part's long lines may stand in train as well"
    )


class WindowConfig(Frozen):
    """How the text becomes ids, and how far back a gradient reaches. The vocabulary is fitted on train alone."""

    unit: Literal["character", "word", "bpe"] = Field(
        default="character",
        description="word: also each character of a script that puts no spaces between words, such as Chinese or Thai; "
        "bpe: byte-pair encoding",
    )
    vocabulary: int = Field(default=20_000, ge=3, le=MOST, description="the most frequent units, [UNK] included")
    minimum_frequency: int = Field(default=1, ge=1, le=MOST, description="rarer units are [UNK]")
    length: int = Field(default=128, ge=2, description="tokens")


class GenerationDataset(DatasetConfig):
    """A source of running text."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    window: WindowConfig = WindowConfig()


class Training(TrainingConfig):
    """What all neural language models share when they are trained."""

    min_steps: int = Field(default=300, ge=1, description=MIN_STEPS)
    batch_size: int = Field(default=32, ge=1, description="windows per step, each from its own stretch of the text")
    stateful: bool = Field(
        default=True, description="the state goes on from window to window; otherwise each starts from zeros"
    )
    state_reset_prob: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="probability that a stateful row loses its state before a window: a network that never has to "
        "begin does not learn how to",
    )
    steps_per_epoch: int = Field(default=200, ge=1, description="steps between two looks at validation")
    patience: int = Field(default=5, ge=1, description="looks at validation without a better one before stopping")
    validation_tokens: int = Field(default=60_000, ge=1, description="of validation's first that are looked at")


class Sampling(Frozen):
    """The samples that `generate` makes to compare models."""

    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=(0.5, 0.8, 1.0, 1.2), min_length=1)
    length: int = Field(default=2000, ge=1, description="characters per sample")
    prompt: str = Field(default="\n", min_length=1)


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.generation)


class Section(TaskSection):
    """Which texts are modelled by which models."""

    datasets: dict[Name, GenerationDataset] = Field(default_factory=dict)
    training: Training = Training()
    sampling: Sampling = Sampling()
    models: Models = Models()
