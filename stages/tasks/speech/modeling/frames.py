"""Speech as models read it: the scaler, the target's vocabulary, and what `window` wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import tokenizers

from stages.data.frames import Scaler, signals_of
from stages.runtime.files import read_json, write_json
from stages.tasks.seq2seq.modeling.data import Prepared, Preprocessor
from stages.tasks.seq2seq.modeling.inputs import Embedded, Shape, Source

if TYPE_CHECKING:
    from keras import layers

    from stages.tasks.seq2seq.modeling.contract import EncoderParameters


@dataclass(frozen=True)
class FrameSource(Source):
    """Frames, float32 (B, T, F), not-a-number where they pad; a few of them together are a vector."""

    width: int  # F
    per_vector: int

    def embed(self, parameters: "EncoderParameters", table: "layers.Layer | None") -> Embedded:
        """Map a few frames at a time to a vector: a convolution that is as wide as its stride."""
        import keras
        from keras import layers, ops

        frames, size = keras.Input((None, self.width), dtype="float32"), self.per_vector
        real = ops.logical_not(ops.isnan(frames[:, :, :1]))
        filled = layers.ZeroPadding1D((0, size - 1))(ops.where(real, frames, 0.0))  # the last few may be fewer
        vectors = layers.Conv1D(parameters.embedding, size, strides=size)(filled)
        return Embedded(frames, vectors, real[:, ::size, 0])


@dataclass(frozen=True)
class SpeechPreprocessor(Preprocessor):
    """How a recording becomes frames, and what is said tokens."""

    scaler: Scaler
    frames_per_vector: int
    reading: dict[str, Any]  # how raw files are read, so that a trained model can read others

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        content = read_json(path)
        target = tokenizers.Tokenizer.from_str(json.dumps(content.pop("target")))
        return cls(target=target, scaler=Scaler(**content.pop("scaler")), **content)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        names = ("maximum", "units", "lengths", "frames_per_vector", "reading")
        content = {name: getattr(self, name) for name in names}
        content |= {"target": json.loads(self.target.to_str()), "scaler": self.scaler.as_json()}
        write_json(path, content, digits=None)

    @property
    def shape(self) -> Shape:
        """What a network has to know."""
        source = FrameSource(len(self.scaler.mean), self.frames_per_vector)
        return Shape(source, self.target.get_vocab_size())

    def encode_sources(self, sources: Sequence[np.ndarray], cut: bool = True) -> list[np.ndarray]:
        """Return each recording's frames, (T, F) float32. `sources`: (steps, F) each."""
        most = self.maximum["source"] if cut else None
        return [self.scaler.frames(np.asarray(values, float))[:most] for values in sources]

    def source_tokens(self, encoded: np.ndarray) -> list[str]:
        """Return the first frame of each vector, counted from 0."""
        return [str(frame) for frame in range(0, len(encoded), self.frames_per_vector)]


@dataclass(frozen=True)
class PreparedSpeech(Prepared):
    """What `window` wrote for one dataset, to data/prepared/<dataset>/frames."""

    @cached_property
    def preprocessor(self) -> SpeechPreprocessor:
        """What was fitted on train."""
        return SpeechPreprocessor.load(self.folder / "preprocessor.json")

    def sources(self, part: pd.DataFrame) -> list[np.ndarray]:
        """Return the recordings, (steps, F) each."""
        return signals_of(part, "source")
