"""What the linear baselines on n-grams share: the vectorizer, and saving as plain arrays."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.data.scripts import CHARACTER, CHARACTERS
from stages.runtime.errors import UserError
from stages.runtime.files import write_text
from stages.tasks.classification.modeling.contract import Baseline

# Words of one letter count, unlike in scikit-learn's own pattern: "I" and "a" tell something. Where no spaces stand
# between words, each character is one.
WORD = rf"{CHARACTER}|[^\W{CHARACTERS}]+"
MOST_WEIGHTS = 10_000_000  # n-grams times classes: fitting keeps some twenty arrays of as many; the most frequent stay
Vectorizer = TypeVar("Vectorizer")


class NgramParameters(ModelConfig):
    """What the baselines on n-grams share."""

    INPUT = "tokens"

    ngrams: int = Field(
        default=2,
        ge=1,
        le=5,
        description="the longest n-gram, in words; n-grams times labels are at most 10 million, by the most frequent",
    )
    ngrams_of: tuple[Literal["word", "character"], ...] = Field(
        default=("word",), min_length=1, description="validation chooses"
    )
    character_ngrams: int = Field(default=4, ge=1, le=8, description="the longest n-gram, in characters")

    def options(self) -> Iterator[dict[str, Any]]:
        """Yield what the vectorizer is told for each of the units, as JSON values."""
        for unit in self.ngrams_of:
            longest = self.ngrams if unit == "word" else self.character_ngrams
            yield {"analyzer": "word" if unit == "word" else "char", "ngram_range": (1, longest)}


class NgramClassifier(Baseline):
    """A vocabulary of n-grams with arrays of fitted values; a subclass says what they mean."""

    def __init__(self, options: dict[str, Any], terms: list[str], **arrays: np.ndarray) -> None:
        """Keep the vectorizer's options (JSON values), the n-grams in the arrays' order, and the arrays."""
        self.options, self.terms, self.arrays = options, terms, arrays

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(array.size for array in self.arrays.values())

    def save(self, folder: Path) -> None:
        """Write all that `load` needs: plain arrays, no pickle."""
        content = {"options": self.options, "terms": self.terms, "arrays": sorted(self.arrays)}
        write_text(folder / "terms.json", json.dumps(content, ensure_ascii=False))
        for name, array in self.arrays.items():
            np.save(folder / f"{name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        content = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy") for name in content["arrays"]}
        return cls(content["options"], content["terms"], **arrays)


def fitted(kind: Any, options: dict[str, Any], texts: Sequence[str], classes: int, minimum_texts: int = 1) -> Any:
    """Return a vectorizer fitted on texts; None if they hold no n-gram that stands in so many of them."""
    limits = {"min_df": minimum_texts, "max_features": MOST_WEIGHTS // classes}
    try:
        return vectorizer(kind, options, **limits).fit(texts)
    except ValueError:  # "empty vocabulary", or "no terms remain": scikit-learn has no type of its own for it
        return None


def refuse_no_terms(candidates: Sequence[Any]) -> None:
    """Refuse texts that nothing could be fitted on.

    Raises:
        UserError: there is no candidate.
    """
    if not candidates:
        raise UserError(
            "train's texts have no n-gram that stands in enough of them: lower minimum_texts, or add character to "
            "ngrams_of"
        )


def vectorizer(kind: Callable[..., Vectorizer], options: dict[str, Any], **more: Any) -> Vectorizer:
    """Return one of scikit-learn's vectorizers for n-grams; `options` may have been read from JSON."""
    pattern = {"token_pattern": WORD} if options["analyzer"] == "word" else {}
    return kind(**pattern, **options | {"ngram_range": tuple(options["ngram_range"])}, **more)
