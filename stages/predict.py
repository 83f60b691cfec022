"""A trained model and texts → labels with probabilities, from models/<dataset>/<model> alone.

Unlike a stage, this is for people: it reads neither params.yaml nor data/, and writes to standard output.
"""

import argparse
import csv
import io
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stages.classification.saved import Saved
from stages.console import Problem, nearest, run
from stages.replicas import prepare_jax

MODELS = Path("models")
SHOWN = 40  # columns of a text in a table
EPILOG = (
    "Without TEXT and --file, texts are read from standard input. A blank line is a text without words; a neural "
    "model answers it with the classes' shares in train. A text that begins with a dash goes after --."
)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the words and options, each of which is a parameter of `predict`."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.predict",
        description="Label texts with a trained model: the mean of the probabilities over all seeds' replicas.",
        epilog=EPILOG,
    )
    parser.add_argument("dataset", metavar="DATASET", help="a folder under models/")
    parser.add_argument("model", metavar="MODEL", help="a folder under models/DATASET/")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a text to label")
    parser.add_argument("--file", help="read texts from a UTF-8 file, one a line; - is standard input")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="table (on a terminal), csv (elsewhere) or jsonl: JSON Lines, one object a text",
    )
    parser.add_argument("--seed", type=int, help="one replica alone, in place of the mean over all seeds")
    parser.add_argument(
        "--attention",
        action="store_true",
        help="in jsonl, add each token with its weight, averaged over heads and seeds; a longer text's end has none",
    )
    return parser


def predict(
    dataset: str, model: str, texts: list[str], file: str | None, format: str | None, seed: int | None, attention: bool
) -> None:
    """Label texts with a trained model; `command_line` tells what the arguments mean.

    Raises:
        Problem: no such model or seed, files that `train` did not write so, or no texts.
    """
    usage_error = command_line().error  # shows the usage and exits with 2
    if texts and file is not None:
        usage_error("give texts or --file, not both")
    if not texts and file is None and (sys.stdin is None or sys.stdin.isatty()):
        usage_error("no texts: give them as arguments, with --file, or on standard input")
    if attention and format not in (None, "jsonl"):
        usage_error("--attention goes with --format jsonl")
    prepare_jax()
    saved = Saved(find(dataset, model))
    seeds = choose(saved, seed)
    texts = checked(texts) if texts else read(file)
    looked = (
        [{"attention": weights} for weights in token_weights(saved, texts, seeds)] if attention else [{}] * len(texts)
    )
    probabilities = np.mean([found for _, found in saved.predict(texts, seeds)], axis=0)
    rows = [
        row(saved.labels, text, shares) | more for text, shares, more in zip(texts, probabilities, looked, strict=True)
    ]
    format = format or ("jsonl" if attention else "table" if sys.stdout.isatty() else "csv")
    show(FORMATS[format](saved.labels, rows))


def find(dataset: str, model: str) -> Path:
    """Return the folder of a trained model.

    Raises:
        Problem: there is none; names the nearest spelling and all there are.
    """
    folder = MODELS
    for kind, name in {"dataset": dataset, "model": model}.items():
        there = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        there = [name for name in there if not name.startswith(".")]  # what a killed run left
        if not there:
            raise Problem(f"{folder} in {Path.cwd()} holds no trained model: run `dvc repro` first")
        if name not in there:
            raise Problem(
                f"{folder} has no {kind} '{name}': {nearest(name, there)}; `dvc repro` trains what params.yaml names"
            )
        folder /= name
    return folder


def choose(saved: Saved, seed: int | None) -> list[int]:
    """Return the seeds to take the mean over: all, or the one that was asked for.

    Raises:
        Problem: the model has no replica of that seed.
    """
    seeds = saved.about["seeds"]
    if seed is None:
        return seeds
    if seed not in seeds:
        raise Problem(f"{saved.folder} has no replica of seed {seed}: valid: {', '.join(map(str, seeds))}")
    return [seed]


def checked(texts: list[str]) -> list[str]:
    """Return the texts of the command line.

    Raises:
        Problem: one is not UTF-8.
    """
    for number, text in enumerate(texts, start=1):
        try:
            text.encode()
        except UnicodeEncodeError:  # Python keeps bytes that it could not decode as lone surrogates
            raise Problem(f"TEXT {number} is not UTF-8 text") from None
    return texts


def read(file: str | None) -> list[str]:
    """Return the lines of a file or, for `-` or None, of standard input; blank lines are empty texts.

    Raises:
        Problem: there are none, or they are not UTF-8.
        OSError: the file cannot be read.
    """
    if file in (None, "-"):
        return _lines(sys.stdin.buffer, "standard input")
    with Path(file).open("rb") as opened:
        return _lines(opened, file)


def _lines(source: BinaryIO, name: str) -> list[str]:
    try:
        texts = [line.removesuffix("\n") for line in io.TextIOWrapper(source, encoding="utf-8-sig")]
    except UnicodeDecodeError as error:
        raise Problem(f"{name} is not UTF-8 text: {error.reason} {error.object[error.start]:#04x}") from None
    if not texts:
        raise Problem(f"{name} is empty: give one text a line")
    return texts


def row(labels: list[str], text: str, shares: np.ndarray) -> dict[str, Any]:
    """Return what is told of a text; six significant digits are more than the weights' precision holds."""
    probabilities = {label: float(f"{share:.6g}") for label, share in zip(labels, shares, strict=True)}
    return {"text": text, "label": labels[int(shares.argmax())], "probabilities": probabilities}


def token_weights(saved: Saved, texts: list[str], seeds: list[int]) -> list[list[list]]:
    """Return for each text its tokens, as they stand in it, with their weights: the mean over heads and seeds.

    Raises:
        Problem: the model has no attention.
    """
    by_seed = [[weights.mean(axis=1) for weights in found] for _, found in saved.attention(texts, seeds)]
    if not by_seed:
        raise Problem(f"{saved.folder} has no attention to show: leave --attention out, or name a model that has it")
    told = []
    for text, encoding, *weights in zip(texts, saved.tokenizer.encode_batch(texts), *by_seed, strict=True):
        words = [text[start:end] for start, end in encoding.offsets]
        shares = [float(f"{share:.6g}") for share in np.mean(weights, axis=0)]
        told.append([list(pair) for pair in zip(words, shares, strict=False)])  # the end that was cut has no weights
    return told


def as_csv(labels: list[str], rows: list[dict]) -> Iterable[str]:
    """Yield CSV: text, label, and a column of probabilities a label."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "label", *(f"probability.{label}" for label in labels)])
    writer.writerows([told["text"], told["label"], *told["probabilities"].values()] for told in rows)
    yield out.getvalue()


def as_jsonl(_labels: list[str], rows: list[dict]) -> Iterable[str]:
    """Yield one JSON object a text."""
    return (json.dumps(told, ensure_ascii=False) + "\n" for told in rows)


def as_table(labels: list[str], rows: list[dict]) -> Iterable[str]:
    """Yield aligned lines with texts shortened and probabilities rounded, for a person to read."""
    cells = [["text", "label", *map(shortened, labels)]]
    for told in rows:
        shares = (f"{share:.3f}" for share in told["probabilities"].values())
        cells.append([shortened(told["text"]), shortened(told["label"]), *shares])
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        gaps = [" " * (width - columns(cell)) for cell, width in zip(line, widths, strict=True)]
        words = [cell + gap for cell, gap in zip(line[:2], gaps, strict=False)]
        figures = [gap + cell for cell, gap in zip(line[2:], gaps[2:], strict=True)]
        yield "  ".join(words + figures).rstrip() + "\n"


def shortened(text: str) -> str:
    """Return a text on one line of at most `SHOWN` columns; what a terminal would obey is shown as a mark."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))
    if columns(plain) <= SHOWN:
        return plain
    while columns(plain) >= SHOWN:
        plain = plain[: min(len(plain) - 1, SHOWN)]
    return plain.rstrip() + "…"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide letter, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def show(lines: Iterable[str]) -> None:
    """Write to standard output as UTF-8; a reader that has seen enough, such as `head`, is no error."""
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python flushes once more as it ends


FORMATS: dict[str, Callable[[list[str], list[dict]], Iterable[str]]] = {
    "table": as_table,
    "csv": as_csv,
    "jsonl": as_jsonl,
}

if __name__ == "__main__":
    run(predict, command_line())
