"""The typed parameters of speech recognition: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

import stages.models.seq2seq
from stages.config.frames import WindowConfig
from stages.config.reading import SignalReading, TableReading
from stages.config.schema import Frozen, ModelsConfig, Name, Seed, models_config
from stages.config.sources import DatasetConfig
from stages.config.split import HashSplit
from stages.tasks.seq2seq.config import SectionOfOthers, Side


class Reading(SignalReading):
    """How raw files become recordings with what is said in them."""

    label: str = Field(
        default="text", description="the column of what is said: of a long table, or of a table beside the recordings"
    )
    recording: str = Field(
        default="path",
        description="of a table beside the recordings, the column of their files: a path from there, a name, or a name "
        "without its ending; without any table a recording says what its folder is called",
    )
    speaker: str | None = Field(
        default=None, description="of that table, the column of who speaks: no speaker is in two parts; null: unknown"
    )
    frame_seconds: float | None = Field(
        default=None,
        gt=0,
        description="of arrays, seconds from step to step, so that speed can be told beside the sound's; recordings "
        "have sound.step",
    )

    def of_recordings(self) -> Self:
        """Return how the recordings are read, without what is said of the table that lies beside them."""
        keys = {"encoding", *TableReading.model_fields} - {"compression", "unpack_limit"}
        return self.model_copy(update={key: type(self).model_fields[key].default for key in keys})


class Compose(Frozen):
    """How strings of recordings are made, each part's of its own recordings alone."""

    shortest: int = Field(default=3, ge=1, description="recordings of a string")
    longest: int = Field(default=7, ge=1, description="recordings of a string")
    repeats: int = Field(
        default=8, ge=1, description="strings of train that a recording stands in; of validation and test it is one"
    )
    seed: Seed = Field(default=1, description="of the order and the lengths")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) must not be above longest ({self.longest})")
        return self


class SplitConfig(HashSplit):
    """Which recordings go to which part, by a hash of their values or their speaker; official parts stand."""

    compose: Compose | None = Field(
        default=None, description="join recordings to strings once they are split; null: they stay as they are"
    )


class SpeechWindow(WindowConfig):
    """How a recording becomes what an encoder reads. What is fitted is fitted on train alone."""

    frames_per_vector: int = Field(
        default=1, ge=1, description="so many frames are read as one vector, by a convolution that shortens time"
    )


class SpeechDataset(DatasetConfig):
    """A source of recordings and what is said in them."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    window: SpeechWindow = SpeechWindow()
    tokenizer: Side = Field(default=Side(), description="how what is said becomes tokens")


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.seq2seq, "frames")


class Section(SectionOfOthers):
    """Which speech is recognised by which models."""

    datasets: dict[Name, SpeechDataset] = Field(default_factory=dict)
    models: Models = Models()
