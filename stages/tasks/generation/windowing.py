"""Running text → a vocabulary fitted on train alone, one array of ids per part, and where its windows start."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers

from stages.config.dataset import Dataset
from stages.data.scripts import isolate_characters, script_remarks, unknown_remarks
from stages.data.vocabulary import fit_vocabulary
from stages.runtime.errors import UserError
from stages.runtime.files import write_json, write_text
from stages.tasks.base import Preparation
from stages.tasks.generation.config import WindowConfig
from stages.tasks.generation.modeling.data import (
    PREPARED_PARTS,
    UNKNOWN,
    PreparedPart,
    WindowMeta,
    encode,
    text_chunks,
    window_starts,
)

WORD = r"\w+|\s|[^\w\s]"  # whitespace is a token too: joined, the tokens are the text


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Write a dataset's vocabulary, ids and windows into the new folder `output`.

    Raises:
        UserError: a part is too short for one window, or there is nothing to predict.
    """
    config = dataset.params("window", WindowConfig)
    texts = {part: "".join(pd.read_parquet(dataset.part(part))["text"]) for part in PREPARED_PARTS}
    tokenizer = fit_tokenizer(texts["train"], config)
    newline = tokenizer.token_to_id("\n") or 0
    output.mkdir()
    write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
    meta = WindowMeta(config.unit, config.length, newline, characters=len(set(texts["train"])))
    write_json(output / "meta.json", asdict(meta))
    parts = {part: _write_part(dataset, output, tokenizer, part, text, meta) for part, text in texts.items()}
    windows = ", ".join(f"{numbers['windows']} windows in {part}" for part, numbers in parts.items())
    report = {"unit": config.unit, "vocabulary": tokenizer.get_vocab_size()} | parts
    key = dataset.key("window.unit")
    remarks = script_remarks([[texts["train"]]], config.unit, key)
    remarks += unknown_remarks({"validation": parts["validation"]["unknown_rate"]}, config.unit, key)
    return Preparation(report, windows, remarks=remarks)


def _write_part(
    dataset: Dataset, output: Path, tokenizer: Tokenizer, part: PreparedPart, text: str, meta: WindowMeta
) -> dict[str, Any]:
    """Write a part's arrays; return what the report says about it."""
    ids, lengths = encode(tokenizer, text)
    starts = window_starts(len(ids), meta.length)
    if not len(starts):
        raise UserError(
            f"{part} of {dataset.name} has {len(ids)} tokens, too few for one window of {meta.length} and a "
            f"target: add text, or lower {dataset.key('window.length')}"
        )
    for name, array in {"ids": ids, "lengths": lengths, "starts": starts}.items():
        np.save(output / f"{part}.{name}.npy", array)
    sizes = {"characters": int(lengths.sum()), "tokens": len(ids), "windows": len(starts)}
    return sizes | {"unknown_rate": float(np.mean(ids == 0))}


def fit_tokenizer(text: str, config: WindowConfig) -> Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on a text; tokens joined give the text again.

    Raises:
        UserError: the text has fewer than two units that are frequent enough.
    """
    pre_tokenizer: pre_tokenizers.PreTokenizer
    if config.unit == "bpe":
        pre_tokenizer = pre_tokenizers.Split(Regex(r"\s?\w+|\s|[^\w\s]+"), behavior="isolated")
    else:
        pattern = r"[\s\S]" if config.unit == "character" else WORD
        pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
        if config.unit == "word":
            pre_tokenizer = pre_tokenizers.Sequence([isolate_characters(), pre_tokenizer])
    tokenizer = fit_vocabulary(text_chunks(text), config, [UNKNOWN], pre_tokenizer, decoder=decoders.Fuse())
    if tokenizer.get_vocab_size() <= 2:
        raise UserError(
            f"train has {tokenizer.get_vocab_size() - 1} {config.unit}(s) that occur {config.minimum_frequency} "
            "times: there is nothing to predict; add text, or lower window.minimum_frequency"
        )
    return tokenizer
