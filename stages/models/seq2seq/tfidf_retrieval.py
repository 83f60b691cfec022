"""Counted words: a reply is chosen by the cosine of its TF-IDF vector with that of what was said.

To answer, it gives the reply that followed train's most similar turns.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.replies import Chooser
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

FILE = "words.json"


class Parameters(ModelConfig):
    """Which words count."""

    INPUT = "dialogue"

    minimum_texts: int = Field(default=1, ge=1, description="that a word stands in, of what was said or of replies")
    sublinear: bool = Field(default=True, description="a word's count is 1 + its logarithm")
    answers: int = Field(default=20_000, ge=1, description="the first replies of train, among which it answers")


class Model(Baseline, Chooser):
    """Each word's weight, and what train said and replied."""

    def __init__(self, words: dict[str, float], sublinear: bool, contexts: list[str], replies: list[str]) -> None:
        """Keep each word's inverse frequency, and pairs to answer by."""
        self.words, self.sublinear, self.contexts, self.replies = words, sublinear, contexts, replies
        self._vectorizer = _vectorizer(sublinear, vocabulary={word: number for number, word in enumerate(words)})
        self._vectorizer.idf_ = np.array([*words.values()])

    @classmethod
    def fit(cls, parameters: Parameters, data: Any) -> "Model":
        """Count train's words, of all turns and replies."""
        contexts, replies = data.texts("train")
        try:
            fitted = _vectorizer(parameters.sublinear, min_df=parameters.minimum_texts).fit(contexts + replies)
        except ValueError:
            raise UserError(
                f"tfidf_retrieval: no word of train stands in {parameters.minimum_texts} texts: lower its "
                "minimum_texts, or take the model out"
            ) from None
        words = dict(zip(fitted.get_feature_names_out().tolist(), fitted.idf_.tolist(), strict=True))
        return cls(words, parameters.sublinear, contexts[: parameters.answers], replies[: parameters.answers])

    def choose(self, contexts: Sequence[str], candidates: Sequence[Sequence[str]]) -> np.ndarray:
        """Return the cosines."""
        said = self._vectors(contexts)
        each = [self._vectors([texts[place] for texts in candidates]) for place in range(len(candidates[0]))]
        return np.stack([np.asarray(said.multiply(replies).sum(axis=1)).ravel() for replies in each], axis=1)

    def translate(
        self, sources: Sequence[str], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return the reply to train's most similar turns."""
        similar = (self._vectors(sources) @ self._vectors(self.contexts).T).tocsr()
        rows = [row.toarray().ravel() for row in similar]
        return [[BeamHypothesis(self.replies[int(row.argmax())], float(row.max()), True)] for row in rows]

    def _vectors(self, texts: Sequence[str]) -> "csr_matrix":
        return self._vectorizer.transform(texts)

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return len(self.words)

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        content = {"words": self.words, "sublinear": self.sublinear, "contexts": self.contexts, "replies": self.replies}
        write_json(folder / FILE, content, digits=None)

    @classmethod
    def load(cls, folder: Path, preprocessor: Any) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / FILE))


def _vectorizer(sublinear: bool, **options: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(token_pattern=r"\w+(?:['’]\w+)?", sublinear_tf=sublinear, **options)
