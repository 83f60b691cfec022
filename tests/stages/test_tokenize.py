import io

import numpy as np
import pandas as pd

from stages.tokenize import histogram


def test_histogram_counts_every_text_once():
    lengths = {"train": np.bincount([0, 1, 1, 500]), "validation": np.bincount([7])}
    frame = pd.read_csv(io.StringIO(histogram(lengths)))
    assert frame.groupby("part")["texts"].sum().to_dict() == {"train": 4, "validation": 1}
    assert frame["texts"].max() == 3 and len(frame[frame["part"] == "train"]) <= 40
    longest = frame[frame["texts"] > 0].groupby("part")["tokens"].max()
    assert longest["train"] >= 500 and longest["validation"] >= 7
    assert histogram({"train": np.bincount([0, 0])}) == "part,tokens,texts\ntrain,0,2\n"
