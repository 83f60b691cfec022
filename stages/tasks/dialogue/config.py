"""The typed parameters of dialogue: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

import stages.models.seq2seq
from stages.config.reading import TableReading
from stages.config.schema import ModelsConfig, Name, models_config
from stages.config.sources import DatasetConfig
from stages.config.split import HashSplit
from stages.tasks.seq2seq.config import SectionOfTexts, Tokenizer


class Reading(TableReading):
    """How the raw files become replies and what was said before them."""

    format: Literal["jsonl", "chitchat"] | None = Field(
        default=None,
        description="jsonl, which null is as well: a conversation a line; chitchat: the one file of the package "
        "chitchat-dataset",
    )
    turns: str = Field(
        default="turns",
        description="the key of a conversation's turns: a list of texts, or of objects with the keys text and speaker",
    )
    part: str | None = Field(default=None, description="the key of official parts: train, validation (or dev), test")
    history: int = Field(default=2, ge=1, le=20, description="turns that a reply is given for, the latest first")
    words: int = Field(
        default=32, ge=1, le=1000, description="of these turns that are kept: the latest turn's come first"
    )
    conversations: int | None = Field(
        default=None, ge=1, description="keep at most so many conversations, chosen by a hash"
    )


class DialogueDataset(DatasetConfig):
    """A source of conversations."""

    reading: Reading = Reading()
    split: HashSplit = HashSplit()
    tokenizer: Tokenizer = Tokenizer(shared=True)

    @model_validator(mode="after")
    def _one_vocabulary(self) -> Self:
        if not self.tokenizer.shared:
            raise ValueError("tokenizer.shared must be true: words of what was said and of replies are compared")
        return self


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.seq2seq, "dialogue")


class Section(SectionOfTexts):
    """Which conversations are learned from by which models."""

    datasets: dict[Name, DialogueDataset] = Field(default_factory=dict)
    models: Models = Models()
