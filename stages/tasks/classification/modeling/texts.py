"""Texts as classifiers read them: the vocabulary, and what `tokenize` wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from stages.nn.inputs import Tokens
from stages.runtime.errors import UserError
from stages.tasks.classification.modeling.contract import Examples, Preprocessor
from stages.tasks.classification.modeling.data import Prepared, PreparedPart

UNKNOWN = "[UNK]"


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[np.ndarray]:
    """Return each text's ids (int32), uncut."""
    return [np.asarray(encoding.ids, np.int32) for encoding in tokenizer.encode_batch_fast(texts)]


@dataclass(frozen=True)
class TextPreprocessor(Preprocessor):
    """A vocabulary."""

    tokenizer: Tokenizer

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a vocabulary."""
        return cls(Tokenizer.from_file(str(path)))

    @property
    def input(self) -> Tokens:
        """Tokens of the vocabulary."""
        return Tokens(self.tokenizer.get_vocab_size())

    def encode(self, inputs: Sequence[str]) -> list[np.ndarray]:
        """Return each text's ids (int32), uncut."""
        return encode(self.tokenizer, inputs)


@dataclass(frozen=True)
class PreparedTexts(Prepared):
    """What `tokenize` wrote for one dataset, to data/prepared/<dataset>/tokens."""

    vectors_from: str  # train, file or none

    def examples(self, name: PreparedPart) -> Examples:
        """Return train or validation as texts, which lie beside the folder."""
        part, path = self.part(name), self.folder.parent / "parts" / f"{name}.parquet"
        return Examples(pq.read_table(path, columns=["text"])["text"].to_pylist(), part.labels, part.weights)

    def initial_vectors(self, width: int) -> np.ndarray | None:
        """Return vectors (vocabulary, at most width) that tokens start from, zeros where a token has none.

        Of vectors learned from train the first columns are the best of their number; a file's are all needed.

        Raises:
            UserError: the file's vectors are not `width` wide.
        """
        if self.vectors_from == "none":
            return None
        vectors = np.load(self.folder / "vectors.npy")
        given = vectors.shape[1]
        if self.vectors_from == "file" and given != width:
            raise UserError(f"the vectors of the file are {given} wide, the model's {width}: set embedding: {given}")
        return np.asarray(vectors[:, :width])

    @cached_property
    def preprocessor(self) -> TextPreprocessor:
        """The vocabulary."""
        return TextPreprocessor.load(self.folder / "tokenizer.json")
