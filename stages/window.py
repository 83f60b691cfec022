"""Running text → a vocabulary fitted on train alone, one array of ids a part, and where its windows start."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.console import Problem, run
from stages.files import whole, write_json, write_text
from stages.generation.data import encode, fit, window_starts
from stages.params import load


def window(dataset: str) -> None:
    """Fit a dataset's vocabulary on train and write train and validation as ids and windows."""
    choices = load().dataset(dataset).window
    folder = Path("data/prepared", dataset)
    texts = {part: "".join(pd.read_parquet(folder / f"{part}.parquet")["text"]) for part in ("train", "validation")}
    tokenizer = fit(texts["train"], choices)
    report = {"dataset": dataset, "unit": choices.unit, "vocabulary": tokenizer.get_vocab_size()}
    with whole(folder / "window") as output:
        output.mkdir()
        write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
        newline = tokenizer.token_to_id("\n") or 0
        about = {"unit": choices.unit, "length": choices.length, "newline": newline}
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
    write_json(Path("reports/tokens") / f"{dataset}.json", report)
    print(f"{dataset}: {report['vocabulary']} tokens ({choices.unit}), {report['train']['windows']} windows in train")


if __name__ == "__main__":
    run(window)
