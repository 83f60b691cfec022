"""The typed parameters of text generation: its datasets, its training and its models."""

from typing import Annotated, Literal

from pydantic import Field

import stages.generation.models as model_files
from stages.schema import Frozen, Section, Seeds, Source, one_entry_a_file


class Reading(Frozen):
    """How the raw files become works: a file is a work."""

    encoding: str = Field(default="utf-8", description="as Python names it")
    characters: int | None = Field(default=None, ge=1, description="keep at most so many of each file's first")


class Split(Frozen):
    """Which works, from the last backwards, are test and validation. A single work is cut between lines."""

    validation: float = Field(default=0.05, gt=0, lt=0.5, description="share of the characters, the part before test")
    test: float = Field(default=0.1, gt=0, lt=0.5, description="share of the characters, the last ones")
    shared_lines: float = Field(
        default=0.02, ge=0, le=1, description="how many of a part's long lines may stand in train as well"
    )


class Window(Frozen):
    """How the text becomes ids, and how far back a gradient reaches. The vocabulary is fitted on train alone."""

    unit: Literal["character", "word", "bpe"] = Field(default="character", description="bpe: byte-pair encoding")
    vocabulary: int = Field(default=20_000, ge=2, description="the most frequent units, [UNK] included")
    minimum_frequency: int = Field(default=1, ge=1, description="rarer units are [UNK]")
    length: int = Field(default=128, ge=2, description="tokens")


class Sampling(Frozen):
    """The texts that `generate` writes to compare models."""

    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=(0.5, 0.8, 1.0, 1.2), min_length=1)
    length: int = Field(default=2000, ge=1, description="characters a sample")
    prompt: str = Field(default="\n", min_length=1)


class GenerationDataset(Frozen):
    """A source of running text."""

    task: Literal["generation"]
    source: Source
    reading: Reading = Reading()
    split: Split = Split()
    window: Window = Window()


class Training(Frozen):
    """What all neural language models share when they are trained."""

    batch_size: int = Field(default=32, ge=1, description="windows a step, each from its own stretch of the text")
    stateful: bool = Field(
        default=True, description="the state goes on from window to window; otherwise each starts from nothing"
    )
    forgetting: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="chance that a stateful row loses its state before a window: a network that never has to begin "
        "does not learn how to",
    )
    epoch_steps: int = Field(default=200, ge=1, description="steps between two looks at validation")
    patience: int = Field(default=5, ge=1, description="looks without a better one before training stops")
    averaging: float = Field(default=0.98, ge=0, lt=1, description="share of itself the running average keeps a step")
    clip_norm: float = Field(default=1.0, gt=0, description="the gradient's norm over all weights is clipped to this")
    validation_tokens: int = Field(default=60_000, ge=1, description="of validation's first that are looked at")


Models = one_entry_a_file(model_files)


class Generation(Section):
    """Which texts are modelled by which models."""

    seeds: Seeds = Field(
        description="in place of the seeds above: language models take long, and differ little by seed"
    )
    training: Training
    sampling: Sampling = Sampling()
    models: Models
