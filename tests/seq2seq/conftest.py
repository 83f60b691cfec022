"""Small pairs to learn: letters and the sounds that they stand for; an e is silent."""

import numpy as np
import pandas as pd
import pytest

from stages.seq2seq.data import SIDES, Prepared, Rows
from stages.seq2seq.params import Side, Tokenizer
from stages.seq2seq.tokenizing import fit_both

RANDOM = np.random.default_rng(0)
WORDS = sorted({"".join(RANDOM.choice(list("abcde"), RANDOM.integers(1, 8))) + "a" for _ in range(300)})
PAIRS = pd.DataFrame({"source": WORDS, "target": [" ".join(word.replace("e", "").upper()) for word in WORDS]})


@pytest.fixture(scope="session")
def pairs() -> pd.DataFrame:
    """Columns source and target."""
    return PAIRS


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Prepared:
    """A tiny prepared dataset."""
    folder = tmp_path_factory.mktemp("tokens")
    vocabularies = fit_both(
        PAIRS, Tokenizer(source=Side(unit="character", maximum_length=10), target=Side(maximum_length=12))
    )
    vocabularies.lengths[:] = [6, 10]
    vocabularies.save(folder / "vocabularies.json")
    for side in SIDES:
        rows = Rows.gather(vocabularies.encode(side, PAIRS[side].tolist()))
        np.save(folder / f"train.{side}.ids.npy", rows.ids)
        np.save(folder / f"train.{side}.offsets.npy", rows.offsets)
    return Prepared(folder)
