"""The typed parameters of sequence to sequence: its datasets, its training and its models."""

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

import stages.models.seq2seq
from stages.config.reading import TableReading
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

OF_TEXTS = ("shared",)  # what models of texts have beside, for the table of their source's tokens


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no regular expression."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"must be regular expressions, but of '{pattern}': {error}") from None
    return patterns


class Verses(Frozen):
    """What the table of a SQLite file and its columns are called; a row is one version of one verse."""

    table: str = Field(default="verses", min_length=1)
    version: str = Field(default="version", min_length=1, description="the column that names a row's version")
    place: tuple[str, ...] = Field(
        default=("book", "chapter", "verse"), min_length=1, description="the columns by which versions are aligned"
    )
    text: str = Field(default="text", min_length=1, description="the column of texts")


class Reading(TableReading):
    """How the raw files become pairs of a source and a target."""

    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet", "aligned", "cmudict", "verses"] | None = Field(
        default=None,
        description="csv to spreadsheet: tables with a pair a row; aligned: two files of as many lines, told apart by "
        "what stands between dots in their names; cmudict: the CMU dictionary; verses: a SQLite file with several "
        "versions of one text; null: aligned where `source` and `target` stand in the files' names, else by "
        "the file's ending, of which any that stands for no format is tsv",
    )
    source: str = Field(
        default="source", min_length=1, description="the column, what stands in the file's name, or the version"
    )
    target: str = Field(
        default="target", min_length=1, description="the column, what stands in the file's name, or the version"
    )
    verses: Verses = Verses()
    strip: Annotated[tuple[str, ...], AfterValidator(_patterns)] = Field(
        default=(), description="regular expressions of what is taken out of both sides"
    )
    stress: bool = Field(default=True, description="cmudict: keep the digits that mark stress")
    sources: int | None = Field(default=None, ge=1, description="keep at most so many sources, chosen by a hash")


class SplitConfig(Frozen):
    """Which sources go to which part, by a hash of their letters. Where the files are official parts they stand."""

    validation: float = Field(default=0.05, gt=0, lt=0.5, description="share of the sources")
    test: float = Field(default=0.05, gt=0, lt=0.5, description="share of the sources")
    salt: str = Field(default="recur", description="another salt gives another split")
    similarity: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="sources that share so much of their runs of three words stay in one part (Jaccard's index)",
    )


class Side(Frozen):
    """How one side's text becomes a row of ids. The vocabulary is fitted on train alone."""

    unit: Literal["character", "word", "bpe"] = Field(
        default="word",
        description="word: also each character of a script that puts no spaces between words, such as Chinese or Thai; "
        "bpe: byte-pair encoding",
    )
    lowercase: bool = False
    vocabulary: int = Field(default=8000, ge=5, le=MOST, description="the most frequent units, four markers included")
    minimum_frequency: int = Field(default=1, ge=1, le=MOST, description="rarer units are [UNK]")
    maximum_length: int = Field(
        default=64, ge=2, description="tokens with the end; longer pairs do not train, longer sources lose their end"
    )


class Tokenizer(Frozen):
    """How pairs become ids."""

    source: Side = Side()
    target: Side = Side()
    shared: bool = Field(default=False, description="one vocabulary, fitted on both sides by the target's choices")
    length_ratio: float = Field(
        default=9, gt=1, description="pairs one side of which has so many times more tokens do not train"
    )

    @model_validator(mode="after")
    def _shared_by_the_target(self) -> Self:
        if self.shared and self.source not in (Side(), self.target):
            raise ValueError("shared is true, so that target's choices are for both sides: remove source, or shared")
        return self


class Seq2seqDataset(DatasetConfig):
    """A source of pairs: what is read, and what is to be written."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    tokenizer: Tokenizer = Tokenizer()


class Lesson(Frozen):
    """What the first passes over train are, where a network is to learn what is easy first (Bengio et al. 2009)."""

    shortest: float = Field(gt=0, le=1, description="share of the pairs: those with the shortest targets")
    passes: int = Field(ge=1, description="over train: as many batches as these have, of such pairs alone")


class Training(TrainingConfig):
    """What all encoders and decoders share when they are trained, so that they are compared on equal terms."""

    min_steps: int = Field(default=1500, ge=1, description=MIN_STEPS)
    max_steps: int | None = Field(default=5000, ge=1, description=MAX_STEPS)
    batch_tokens: int = Field(default=2048, ge=8, description="of a batch: its pairs times its longer side's length")
    epochs_per_pass: int = Field(
        default=1, ge=1, description="epochs that a pass over train takes; each ends with a look at validation"
    )
    buckets: int = Field(default=4, ge=1, description="pairs of similar lengths share a batch; each is compiled once")
    label_smoothing: float = Field(
        default=0.1, ge=0, lt=1, description="share of each target's probability that is spread over the vocabulary"
    )
    curriculum: tuple[Lesson, ...] = Field(
        default=(), description="what comes before the passes over all of train, which cost as much; []: nothing"
    )
    validation_sources: int = Field(
        default=1000, ge=1, description="the first of validation, which are translated at each look"
    )


class Decoding(Frozen):
    """How outputs are searched for when a model is measured."""

    beam: int = Field(default=5, ge=1, description="hypotheses that are kept at every step; 1: greedy alone")
    length_penalty: float = Field(
        default=1.0, ge=0, description="a score is divided by the length to this power, so that short is not better"
    )


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.seq2seq, "tokens")


class SectionOfTexts(TaskSection):
    """What sections of tasks share that build on this one."""

    baseline_training: ClassVar[frozenset[str]] = frozenset({"validation_sources"})

    training: Training = Training()
    decoding: Decoding = Decoding()


class SectionOfOthers(SectionOfTexts):
    """What those share whose sources are no texts."""

    @model_validator(mode="after")
    def _no_table_of_source_tokens(self) -> Self:
        for name in self.model_names():
            if unused := sorted(set(OF_TEXTS) & self.model(name).model_fields_set):
                raise ValueError(f"models.{name}: {', '.join(unused)} is for sources of text: remove it")
        return self


class Section(SectionOfTexts):
    """Which pairs are learned by which models."""

    datasets: dict[Name, Seq2seqDataset] = Field(default_factory=dict)
    models: Models = Models()
