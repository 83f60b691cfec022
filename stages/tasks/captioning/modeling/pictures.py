"""Pictures as models that describe them read them: how they are fitted, the target's vocabulary, what `window` wrote.

B pictures, H lines, W columns, C channels, E features of a vector, U of an encoder's state.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import tokenizers

from stages.data.pictures.picture import fit_into, pictures_of
from stages.runtime.files import read_json, write_json
from stages.tasks.picture_network import map_of, map_size
from stages.tasks.seq2seq.modeling.data import Prepared, Preprocessor
from stages.tasks.seq2seq.modeling.inputs import Encoded, Shape, Source

if TYPE_CHECKING:
    from keras import layers

    from stages.tasks.seq2seq.modeling.contract import EncoderParameters


@dataclass(frozen=True)
class PictureSource(Source):
    """Pictures, bytes (B, H, W, C), whose map by a convolutional network is read as a row of places."""

    size: tuple[int, int]  # H, W
    mean: tuple[float, ...]  # of each channel over train
    deviation: tuple[float, ...]
    filters: tuple[int, ...]

    def embed(self, parameters: "EncoderParameters", table: "layers.Layer | None") -> Encoded:
        """Return the places' features, with where they are, and a vector of them all (Xu et al. 2015, section 3.1)."""
        import keras
        from keras import layers, ops

        pictures = keras.Input((*self.size, len(self.mean)), dtype="uint8")
        features = map_of(pictures, self.mean, self.deviation, self.filters, parameters.embedding)
        places = features.shape[1] * features.shape[2]
        vectors = layers.Dropout(parameters.dropout)(layers.Reshape((places, parameters.embedding))(features))
        # Numbered within the graph: an embedding of constants would be one, and never learned.
        numbers = ops.cumsum(ops.ones_like(vectors[:, :, 0], dtype="int32"), axis=1) - 1
        where = layers.Embedding(places, parameters.units)(numbers)
        steps = ops.tanh(layers.Dense(parameters.units)(vectors) + where)
        summary = layers.Dense(parameters.units, activation="tanh")(layers.Flatten()(vectors))
        return Encoded(pictures, vectors, steps, ops.ones_like(steps[:, :, 0], dtype="bool"), summary)


@dataclass(frozen=True)
class PicturePreprocessor(Preprocessor):
    """How a picture becomes the bytes that networks read, and what is said of it tokens."""

    size: list[int]  # H, W
    mean: list[float]  # of each channel over train, as networks read it
    deviation: list[float]
    filters: list[int]
    longest_side: int  # of pictures as they were read

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        content = read_json(path)
        return cls(target=tokenizers.Tokenizer.from_str(json.dumps(content.pop("target"))), **content)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        names = ("maximum", "units", "lengths", "size", "mean", "deviation", "filters", "longest_side")
        content: dict[str, Any] = {name: getattr(self, name) for name in names}
        write_json(path, content | {"target": json.loads(self.target.to_str())}, digits=None)

    @property
    def shape(self) -> Shape:
        """What a network has to know."""
        height, width = self.size
        source = PictureSource((height, width), tuple(self.mean), tuple(self.deviation), tuple(self.filters))
        return Shape(source, self.target.get_vocab_size())

    @property
    def map_size(self) -> tuple[int, int]:
        """Lines and columns of the map whose places an encoder's states are."""
        return map_size(self.size, self.filters)

    def encode_sources(self, sources: Sequence[np.ndarray], cut: bool = True) -> list[np.ndarray]:
        """Return each picture as networks read it, (H, W, C) bytes."""
        height, width = self.size
        return [fit_into(picture, height, width) for picture in sources]

    def source_tokens(self, encoded: np.ndarray) -> list[str]:
        """Return the places of the map, line by line, as `line,column`, counted from 0."""
        lines, columns = self.map_size
        return [f"{line},{column}" for line in range(lines) for column in range(columns)]


@dataclass(frozen=True)
class PreparedPictures(Prepared):
    """What `window` wrote for one dataset, to data/prepared/<dataset>/pictures."""

    @cached_property
    def preprocessor(self) -> PicturePreprocessor:
        """What was fitted on train."""
        return PicturePreprocessor.load(self.folder / "preprocessor.json")

    def sources(self, part: pd.DataFrame) -> list[np.ndarray]:
        """Return the pictures, (H, W, C) bytes each."""
        return pictures_of(part)
