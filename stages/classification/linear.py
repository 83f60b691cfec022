"""What the linear baselines on word n-grams share: the vectorizer, and saving as plain arrays."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from stages.files import write_text

# Words of one letter count, unlike in scikit-learn's own pattern: "I" and "a" tell something.
WORD = r"(?u)\b\w+\b"


class NgramClassifier:
    """A vocabulary of n-grams with arrays of fitted values; a subclass says what they mean."""

    def __init__(self, form: dict[str, Any], terms: list[str], **arrays: np.ndarray) -> None:
        """Keep the vectorizer's options (JSON values), the n-grams in the arrays' order, and the arrays."""
        self.form, self.terms, self.arrays = form, terms, arrays

    def size(self) -> int:
        """Return the number of fitted values."""
        return sum(array.size for array in self.arrays.values())

    def save(self, folder: Path) -> None:
        """Write all that `load` needs: plain arrays, no pickle."""
        told = {"form": self.form, "terms": self.terms, "arrays": sorted(self.arrays)}
        write_text(folder / "terms.json", json.dumps(told, ensure_ascii=False))
        for name, array in self.arrays.items():
            np.save(folder / f"{name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> "NgramClassifier":
        """Read what `save` wrote."""
        told = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        return cls(told["form"], told["terms"], **{name: np.load(folder / f"{name}.npy") for name in told["arrays"]})


def vectorizer(kind: type, form: dict[str, Any], **options):
    """Return one of scikit-learn's vectorizers for word n-grams; `form` may have been read from JSON."""
    return kind(token_pattern=WORD, **form | {"ngram_range": tuple(form["ngram_range"])}, **options)
