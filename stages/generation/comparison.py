"""What `compare` has to know of text generation: its items are blocks of the test part's text."""

import numpy as np
import pandas as pd

from stages.claims import Claim
from stages.generation.metrics import COLUMNS, figures
from stages.significance import Measure

MEASURE = Measure("bits_per_character", "bits a test character", "bits a character", higher_is_better=False)
METRICS = {"bits_per_character": "Bits a character ↓", "word_perplexity": "Word perplexity ↓"}
ITEM = ["id", "characters", "words"]  # columns that must be the same for all models
LENGTH = None  # of items: claims speak of all
CLAIMS = (
    Claim("Gates keep a longer memory", "lstm", "rnn", "all"),
    Claim("Gates keep a longer memory", "gru", "rnn", "all"),
    Claim("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all"),
    Claim("A network writes better than n-grams", "lstm", "ngram", "all"),
    Claim("Deconvolution can generate text (its figure is a bound)", "deconv", "ngram", "all"),
)

__all__ = ["CLAIMS", "ITEM", "LENGTH", "MEASURE", "METRICS", "by_item", "by_seed", "figures"]


def by_seed(table: pd.DataFrame) -> np.ndarray:
    """Return every block's characters, words and bits, (seeds, blocks, 3), from a table of predictions."""
    return np.stack([rows[list(COLUMNS)].to_numpy(float) for _, rows in table.groupby("seed")])


def by_item(table: pd.DataFrame) -> np.ndarray:
    """Return what each block adds to the bits a character, the mean over seeds, (blocks,): their mean is the figure."""
    found = by_seed(table).mean(axis=0)
    return found[:, 2] / found[:, 0].mean()
