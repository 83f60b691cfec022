"""The typed parameters of text classification: its datasets, its training and its models."""

import importlib
import pkgutil
from typing import Annotated, Literal

from pydantic import Field, create_model, model_validator

import stages.classification.models as model_files
from stages.schema import Frozen, Name, Source


class Reading(Frozen):
    """How the raw files become a table of texts and labels."""

    text: str = Field(default="text", description="the column of texts")
    label: str = Field(default="label", description="the column of labels")
    label_rule: Literal["as_is", "sign"] = Field(
        default="as_is", description="sign: a rating above zero is 'positive', below 'negative', zero is dropped"
    )
    part: str | None = Field(default=None, description="the column that names official parts: train, validation, test")
    format: Literal["csv", "tsv", "jsonl", "parquet", "text"] | None = Field(
        default=None, description="by the file's ending when null; text: a line is a text, the file's name its label"
    )
    columns: tuple[str, ...] | None = Field(default=None, description="column names, where the file has no header")
    quotes: bool | None = Field(default=None, description="fields may stand in double quotes; null: in CSV, not in TSV")
    skip_rows: int = Field(default=0, ge=0, description="rows to pass over after the header")
    encoding: str | None = Field(default=None, description="as Python names it; detected when null")
    compression: Literal["gzip", "bz2", "lz4", "zstd", "none"] | None = Field(
        default=None, description="by the file's ending when null"
    )
    rows: int | None = Field(default=None, ge=1, description="keep at most so many rows a part, chosen by a hash")


class Split(Frozen):
    """Which rows go to which part. Where the source has official parts they stand."""

    validation: float = Field(
        default=0.1, gt=0, lt=0.5, description="share of the rows (of train, if test is official)"
    )
    test: float = Field(default=0.1, gt=0, lt=0.5, description="share of the rows; unused where test is official")
    salt: str = Field(default="recur", description="another salt gives another split")
    tolerance: float = Field(
        default=0.05, gt=0, lt=1, description="how far a label's share in a part may lie from its share in the whole"
    )


class Tokenizer(Frozen):
    """How a text becomes a row of ids. The vocabulary is fitted on train alone."""

    unit: Literal["word", "bpe", "character"] = Field(default="word", description="bpe: byte-pair encoding")
    lowercase: bool = True
    vocabulary: int = Field(default=20_000, ge=3, description="the most frequent units, [PAD] and [UNK] included")
    minimum_frequency: int = Field(default=1, ge=1, description="rarer units are [UNK]")
    maximum_length: int = Field(default=256, ge=1, description="tokens; the rest of a longer text is cut off")
    vectors: Literal["train", "file", "none"] = Field(
        default="train",
        description="what neural models start from: vectors learned from train's own texts, those of source.vectors, "
        "or chance",
    )
    vectors_width: int = Field(default=100, ge=1, description="of the vectors learned from train")


class ClassificationDataset(Frozen):
    """A source of texts with one label each."""

    task: Literal["classification"]
    source: Source
    reading: Reading
    split: Split
    tokenizer: Tokenizer

    @model_validator(mode="after")
    def _has_vectors(self) -> "ClassificationDataset":
        if self.tokenizer.vectors == "file" and self.source.vectors is None:
            raise ValueError("tokenizer.vectors is 'file', but source.vectors names none")
        return self


class Training(Frozen):
    """What all neural classifiers share when they are trained, so that they are compared on equal terms."""

    epochs: int = Field(default=20, ge=1, description="at most; validation stops earlier")
    patience: int = Field(default=3, ge=1, description="epochs without a better validation score before stopping")
    batch_size: int = Field(default=64, ge=1)
    buckets: int = Field(
        default=4, ge=1, le=16, description="fixed lengths that texts are padded to; each is compiled once"
    )
    averaging: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="what validation sees and is saved: a running average of the weights that "
        "keeps this share of itself a step; 0: the weights themselves",
    )
    clip_norm: float = Field(default=1.0, gt=0, description="the gradient's norm over all weights is clipped to this")


def _model_parameters() -> dict[str, tuple]:
    """Return an optional field for each model file, of the type `Parameters` that the file holds."""
    fields = {}
    for file in pkgutil.iter_modules(model_files.__path__):
        parameters = importlib.import_module(f"{model_files.__name__}.{file.name}").Parameters
        fields[file.name] = (parameters, Field(default=None, validate_default=False))
    return fields


Models = create_model("Models", __base__=Frozen, __doc__="One entry a model file.", **_model_parameters())


class Classification(Frozen):
    """Which datasets are classified by which models."""

    datasets: Annotated[tuple[Name, ...], Field(min_length=1)]
    training: Training
    models: Models

    @model_validator(mode="after")
    def _names_a_model(self) -> "Classification":
        if not self.models.model_fields_set:
            raise ValueError("name at least one model")
        return self

    def model(self, name: str) -> Frozen:
        """Return the parameters of one model that params.yaml names."""
        return getattr(self.models, name)

    def model_names(self) -> list[str]:
        """Return the models that params.yaml names, in alphabetical order."""
        return sorted(self.models.model_fields_set)
