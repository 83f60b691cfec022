"""The typed parameters of text classification: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

import stages.models.classification
from stages.config.reading import ArrayNames, TableReading
from stages.config.schema import (
    MAX_STEPS,
    MIN_STEPS,
    MOST,
    Frozen,
    ModelsConfig,
    Name,
    TaskSection,
    TrainingConfig,
    models_config,
)
from stages.config.sources import DatasetConfig


class Reading(TableReading):
    """How the raw files become a table of texts and labels."""

    text: str = Field(default="text", description="the column of texts")
    label: str = Field(default="label", description="the column of labels")
    label_rule: Literal["as_is", "sign"] = Field(
        default="as_is", description="sign: a rating above zero is 'positive', below 'negative', zero is dropped"
    )
    weight: str | None = Field(
        default=None,
        description="the column, in every file, of how much a text counts in training: numbers, their sign left out; "
        "null: all alike",
    )
    part: str | None = Field(
        default=None, description="the column that names official parts: train, validation (or dev), test"
    )
    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet", "text", "npz"] | None = Field(
        default=None,
        description="by the file's ending when null; text: a line is a text, the file's name its label; npz: NumPy's, "
        "an array of characters",
    )
    arrays: ArrayNames = ArrayNames()
    rows: int | None = Field(default=None, ge=1, description="keep at most so many rows a part, chosen by a hash")


class SplitConfig(Frozen):
    """Which rows go to which part, drawn by label. Where the source has official parts they stand."""

    validation: float = Field(
        default=0.1, gt=0, lt=0.5, description="share of the rows (of train, if test is official)"
    )
    test: float = Field(default=0.1, gt=0, lt=0.5, description="share of the rows; unused where test is official")
    salt: str = Field(default="recur", description="another salt gives another split")
    tolerance: float = Field(
        default=0.05, gt=0, lt=1, description="how far a label's share in a part may lie from its share in train"
    )
    rare_labels: Literal["keep", "merge", "drop", "refuse"] = Field(
        default="keep",
        description="what becomes of labels that have too few texts: keep: they stay in train, and no other drawn part "
        "has them; merge: they become one label; drop: their rows are left out; refuse: they stop the run",
    )
    rare_below: int = Field(
        default=3,
        ge=1,
        description="a label is rare that has fewer different texts to draw parts from, or fewer than there are parts",
    )
    merged_label: str = Field(default="other", min_length=1, description="what rare labels become by `merge`")


class TokenizerConfig(Frozen):
    """How a text becomes ids. The vocabulary is fitted on train alone."""

    unit: Literal["word", "bpe", "character"] = Field(
        default="word",
        description="word: also each character of a script that puts no spaces between words, such as Chinese or Thai; "
        "bpe: byte-pair encoding",
    )
    lowercase: bool = True
    vocabulary: int = Field(
        default=20_000, ge=3, le=MOST, description="the most frequent units, [PAD] and [UNK] included"
    )
    minimum_frequency: int = Field(default=1, ge=1, le=MOST, description="rarer units are [UNK]")
    maximum_length: int = Field(default=256, ge=1, description="tokens; the rest of a longer text is cut off")
    vectors: Literal["train", "file", "none"] = Field(
        default="train",
        description="what neural models start from: vectors learned from train's own texts, those of source.vectors, "
        "or random ones",
    )
    vectors_width: int = Field(default=100, ge=1, description="of the vectors learned from train")


class WithTokenizer(DatasetConfig):
    """A source of texts whose tokens may start from its vectors."""

    if TYPE_CHECKING:  # each declares it, at its place among the keys
        tokenizer: TokenizerConfig

    @property
    def uses_vectors(self) -> bool:
        """Whether the vectors of `source` are what tokens start from."""
        return self.tokenizer.vectors == "file"

    @model_validator(mode="after")
    def _has_vectors(self) -> Self:
        if self.tokenizer.vectors == "file" and self.source.vectors is None:
            raise ValueError("tokenizer.vectors is 'file', but source.vectors names none")
        return self


class ClassificationDataset(WithTokenizer):
    """A source of texts with one label each."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()


class Training(TrainingConfig):
    """What all neural classifiers share when they are trained."""

    min_steps: int = Field(default=300, ge=1, description=MIN_STEPS)
    max_steps: int | None = Field(default=5000, ge=1, description=MAX_STEPS)
    epochs: int = Field(default=20, ge=1, description="at most; validation stops earlier")
    patience: int = Field(default=3, ge=1, description="epochs without a better accuracy on validation before stopping")
    batch_size: int = Field(default=64, ge=1)
    buckets: int = Field(
        default=4, ge=1, le=16, description="fixed lengths that texts are padded to; each is compiled once"
    )
    ema_decay: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="what validation sees and is saved: a running average of the weights, which keeps this share of "
        "itself at each step; 0: the weights themselves",
    )


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.classification, "tokens")


class Section(TaskSection):
    """Which texts are classified by which models."""

    datasets: dict[Name, ClassificationDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()
