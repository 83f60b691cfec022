"""The typed parameters of sequence to sequence: its datasets, its training and its models."""

from typing import Literal

from pydantic import Field

import stages.seq2seq.models as model_files
from stages.schema import Frozen, Section, Seeds, Source, one_entry_a_file


class Reading(Frozen):
    """How the raw files become pairs of a source and a target."""

    format: Literal["tsv", "aligned", "cmudict", "numbered"] | None = Field(
        default=None,
        description="tsv: a pair a line; aligned: two files of as many lines, told apart by what stands between dots "
        "in their names; cmudict: the CMU dictionary; numbered: two Python files whose one long text counts its "
        "verses; null: tsv, or aligned where `source` and `target` stand in the files' names",
    )
    source: str = Field(default="source", min_length=1, description="the column, or what stands in the file's name")
    target: str = Field(default="target", min_length=1, description="the column, or what stands in the file's name")
    columns: tuple[str, ...] | None = Field(default=None, description="of a TSV without a header")
    encoding: str = Field(default="utf-8", description="as Python names it")
    stress: bool = Field(default=True, description="cmudict: keep the digits that mark stress")
    sources: int | None = Field(default=None, ge=1, description="keep at most so many sources, chosen by a hash")


class Split(Frozen):
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

    unit: Literal["character", "word", "bpe"] = Field(default="word", description="bpe: byte-pair encoding")
    lowercase: bool = False
    vocabulary: int = Field(default=8000, ge=5, description="the most frequent units, four markers included")
    minimum_frequency: int = Field(default=1, ge=1, description="rarer units are [UNK]")
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


class Seq2seqDataset(Frozen):
    """A source of pairs: what is read, and what is to be written."""

    task: Literal["seq2seq"]
    source: Source
    reading: Reading = Reading()
    split: Split = Split()
    tokenizer: Tokenizer = Tokenizer()


class Training(Frozen):
    """What all encoders and decoders share when they are trained."""

    batch_tokens: int = Field(default=2048, ge=8, description="of a batch: its pairs times its longer side's length")
    pass_epochs: int = Field(
        default=1, ge=1, description="epochs that a pass over train takes; each ends with a look at validation"
    )
    buckets: int = Field(default=4, ge=1, description="pairs of similar lengths share a batch; each is compiled once")
    label_smoothing: float = Field(
        default=0.1, ge=0, lt=1, description="share of each target's probability spread over the vocabulary"
    )
    patience: int = Field(default=3, ge=1, description="epochs without a better one before training stops")
    averaging: float = Field(default=0.98, ge=0, lt=1, description="share of itself the running average keeps a step")
    clip_norm: float = Field(default=1.0, gt=0, description="the gradient's norm over all weights is clipped to this")
    validation_sources: int = Field(default=1000, ge=1, description="of validation's first, written at each look")


class Decoding(Frozen):
    """How outputs are searched for when a model is measured."""

    beam: int = Field(default=5, ge=1, description="hypotheses that are kept at every step; 1: greedy alone")
    length_penalty: float = Field(
        default=1.0, ge=0, description="a score is divided by the length to this power, so that short is not better"
    )


Models = one_entry_a_file(model_files)


class Seq2seq(Section):
    """Which pairs are learned by which models."""

    seeds: Seeds = Field(description="in place of the seeds above: these models take longer to train")
    training: Training
    decoding: Decoding = Decoding()
    models: Models
