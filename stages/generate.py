"""A trained language model writes: text that follows a prompt, or the samples by which models are compared."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.clock import clock
from stages.console import Problem, run
from stages.files import write_json
from stages.generation.data import Prepared, encode
from stages.generation.judging import judge, words_of
from stages.generation.models.ngram import Model, Parameters
from stages.generation.sampling import Strategy, beam_search, write
from stages.generation.saved import Saved
from stages.params import load
from stages.predict import choose, find
from stages.replicas import prepare_jax

JUDGE = Parameters(order=6)


def generate(
    dataset: str,
    model: str,
    prompt: str,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    beam: int | None,
    length: int,
    seed: int,
    replica: int | None,
    stream: bool,
    report: bool,
) -> None:
    """Write text that follows a prompt.

    Raises:
        Problem: no such model, an empty prompt, or an option out of range.
    """
    strategy = Strategy(temperature, top_k, top_p)
    for option, value, least in (("--length", length, 1), ("--beam", beam, 1), ("--seed", seed, 0)):
        if value is not None and value < least:
            raise Problem(f"{option} is {value}: it must be {least} or more")
    prepare_jax()
    saved = Saved(find(dataset, model))
    if report:
        compare_samples(saved)
        return
    ids = read_prompt(saved, prompt)
    _, network = next(saved.replicas(choose(saved, replica)[:1]))
    if beam is not None:
        if not hasattr(network, "advance"):
            raise Problem(f"{model} writes whole pieces at once: --beam is for models that write token by token")
        tokens = iter(beam_search(network, ids, length, beam))
    else:
        tokens = write_with(network, ids, strategy, np.random.default_rng(seed))
    pieces = cut(map(saved.tokenizer.id_to_token, tokens), length)
    for piece in pieces if stream else ["".join(pieces)]:
        print(piece, end="", flush=True)
    print()


def write_with(model: Any, prompt: np.ndarray, strategy: Strategy, random: np.random.Generator):
    """Yield tokens that a model writes, of its own way if it has one."""
    own = getattr(model, "write", None)
    return own(prompt, strategy, random) if own else write(model, prompt, strategy, random)


def read_prompt(saved: Saved, prompt: str) -> np.ndarray:
    """Return a prompt's ids; characters that train does not hold are read as unknown, and told.

    Raises:
        Problem: the prompt is empty, or not UTF-8.
    """
    if not prompt:
        raise Problem("--prompt is empty: leave it out to begin after a line's end, or give at least one character")
    try:
        prompt.encode()
    except UnicodeEncodeError:
        raise Problem("--prompt is not UTF-8 text") from None
    ids, lengths = encode(saved.tokenizer, prompt)
    ends = np.cumsum(lengths)
    unseen = sorted({prompt[end - size : end] for end, size in zip(ends[ids == 0], lengths[ids == 0], strict=True)})
    if unseen:
        print(f"note: read as unknown, for train holds none: {', '.join(map(repr, unseen))}", file=sys.stderr)
    return ids


def cut(pieces, length: int):
    """Yield pieces of text until they have so many characters together."""
    for piece in pieces:
        yield piece[:length]
        length -= len(piece)
        if length <= 0:
            return


def compare_samples(saved: Saved) -> None:
    """Write samples at every temperature and their figures, for the report."""
    dataset, model = saved.about["dataset"], saved.about["model"]
    sampling, prepared = load().generation.sampling, Path("data/prepared", dataset)
    train = "".join(pd.read_parquet(prepared / "train.parquet")["text"])
    data = Prepared.open(prepared / "window")
    known, size = words_of(train), saved.tokenizer.get_vocab_size()
    ngrams = Model.fit(JUDGE, np.asarray(data.ids("train")), size, data.newline)
    seed = saved.about["seeds"][0]
    _, network = next(saved.replicas([seed]))
    prompt = read_prompt(saved, sampling.prompt)
    next(write_with(network, prompt, Strategy(), np.random.default_rng(0)))  # compiles
    rows, texts, seconds = [], {}, 0.0
    for temperature in sampling.temperatures:
        began = clock.seconds()
        tokens = write_with(network, prompt, Strategy(temperature), np.random.default_rng(seed))
        text = "".join(cut(map(saved.tokenizer.id_to_token, tokens), sampling.length))
        seconds += clock.seconds() - began
        rows.append({"temperature": temperature} | judge(text, encode(saved.tokenizer, text)[0], ngrams, train, known))
        texts[str(temperature)] = text
    write_json(Path("reports/generate", dataset, f"{model}.json"), {"length": sampling.length, "rows": rows})
    write_json(Path("reports/examples", dataset, f"{model}.json"), {"prompt": sampling.prompt, "samples": texts})
    speed = sum(map(len, texts.values())) / seconds
    write_json(Path("reports/timings/generate", dataset, f"{model}.json"), {"characters_per_second": speed}, digits=3)
    print(f"{dataset}-{model}: {len(rows)} samples, {speed:,.0f} characters a second")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m stages.generate", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("model")
    parser.add_argument("--prompt", default="\n", metavar="TEXT", help="what the text follows (default: a line's end)")
    parser.add_argument("--temperature", type=float, default=0.8, metavar="T", help="0: the likeliest (default 0.8)")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K likeliest tokens only")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the likeliest that have P together")
    parser.add_argument("--beam", type=int, metavar="WIDTH", help="search for the likeliest text instead of drawing")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters (default 500)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same text")
    parser.add_argument("--replica", type=int, metavar="SEED", help="the seed that the model was trained with")
    parser.add_argument("--stream", action="store_true", help="print as it is written")
    parser.add_argument("--report", action="store_true", help="write the samples of the report, as the stage does")
    return parser


if __name__ == "__main__":
    run(generate, command_line())
