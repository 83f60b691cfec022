"""Running text → a vocabulary fitted on train alone, one array of ids a part, and where its windows start."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.console import Problem
from stages.files import write_json, write_text
from stages.generation.data import encode, fit, window_starts
from stages.params import load


def window(dataset: str, prepared: Path, output: Path) -> dict:
    """Write a dataset's vocabulary, ids and windows to `output`; return what the report says about them.

    Raises:
        Problem: a part is too short for one window.
    """
    choices = load().dataset(dataset).window
    texts = {part: "".join(pd.read_parquet(prepared / f"{part}.parquet")["text"]) for part in ("train", "validation")}
    tokenizer = fit(texts["train"], choices)
    report = {"unit": choices.unit, "vocabulary": tokenizer.get_vocab_size()}
    output.mkdir()
    write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
    about = {"unit": choices.unit, "length": choices.length, "newline": tokenizer.token_to_id("\n") or 0}
    write_json(output / "meta.json", about | {"characters": len(set(texts["train"]))})
    for part, text in texts.items():
        ids, lengths = encode(tokenizer, text)
        starts = window_starts(len(ids), choices.length)
        if not len(starts):
            raise Problem(
                f"{part} of {dataset} has {len(ids)} tokens, too few for one window of {choices.length} and a "
                "target: add text, or lower window.length"
            )
        np.save(output / f"{part}.ids.npy", ids)
        np.save(output / f"{part}.lengths.npy", lengths)
        np.save(output / f"{part}.starts.npy", starts)
        told = {"characters": int(lengths.sum()), "tokens": len(ids), "windows": len(starts)}
        report[part] = told | {"unknown_rate": float(np.mean(ids == 0))}
    return report
