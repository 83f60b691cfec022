"""What the linear baselines on word n-grams share: the vectorizer, and saving as plain arrays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.data.scripts import CHARACTER, CHARACTERS
from stages.runtime.files import write_text
from stages.tasks.classification.modeling.contract import Baseline

# Words of one letter count, unlike in scikit-learn's own pattern: "I" and "a" tell something. Where no spaces stand
# between words, each character is one.
WORD = rf"{CHARACTER}|[^\W{CHARACTERS}]+"
MOST_WEIGHTS = 10_000_000  # fitting keeps some twenty arrays of as many
Vectorizer = TypeVar("Vectorizer")


class NgramParameters(ModelConfig):
    """What the baselines on word n-grams share."""

    INPUT = "tokens"

    ngrams: int = Field(
        default=2,
        ge=1,
        le=5,
        description="the longest n-gram, in words; n-grams times labels are at most 10 million, by the most frequent",
    )


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


def most_terms(classes: int) -> int:
    """Return how many n-grams a linear classifier of so many classes may have; of more, the most frequent stay."""
    return MOST_WEIGHTS // classes


def vectorizer(kind: Callable[..., Vectorizer], options: dict[str, Any], **more: Any) -> Vectorizer:
    """Return one of scikit-learn's vectorizers for word n-grams; `options` may have been read from JSON."""
    return kind(token_pattern=WORD, **options | {"ngram_range": tuple(options["ngram_range"])}, **more)
