"""A trained classifier and texts or signals → labels with probabilities, from models/<dataset>/<model> alone."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.app.common import (
    TableFormat,
    TextSource,
    choose_seeds,
    display_width,
    find_model,
    json_lines,
    shorten,
    write_output,
)
from stages.config.paths import Paths
from stages.config.reading import SignalReading
from stages.runtime.errors import UsageError, UserError
from stages.runtime.files import read_json
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.classification.modeling.saved import Saved, SavedClassifier

Row = dict[str, Any]  # text or signal, label, probabilities by label, and perhaps attention


def predict(
    paths: Paths,
    dataset: str,
    model: str,
    source: TextSource,
    output_format: TableFormat | None = None,
    seed: int | None = None,
    attention: bool = False,
) -> None:
    """Write labels of texts, or of the signals in files, to standard output.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        source: the texts, or paths of files of signals.
        output_format: None: a table on a terminal, CSV elsewhere; JSON Lines with attention.
        seed: of the one run that answers; None: the mean of the probabilities over all runs.
        attention: add each token's weight, averaged over heads and runs.

    Raises:
        UserError: no such model or seed, files that `train` did not write so, no texts, or no signals.
    """
    if attention and output_format not in (None, TableFormat.JSONL):
        raise UsageError("--attention goes with --format jsonl")
    prepare_jax()
    saved, rows = _labelled(find_model(paths, dataset, model), source, seed, attention)
    if output_format is None and attention:
        output_format = TableFormat.JSONL
    default = TableFormat.TABLE if sys.stdout.isatty() else TableFormat.CSV
    write_output(FORMATTERS[output_format or default]([saved.item, *saved.labels], rows))


def _labelled(folder: Path, source: TextSource, seed: int | None, attention: bool) -> tuple[SavedClassifier, list[Row]]:
    """Return the classifier of a folder, of texts or of signals, and a row for each of what it was asked."""
    if not is_of_signals(folder):
        texts = Saved(folder)
        return texts, label_texts(texts, source.read(), choose_seeds(texts, seed), attention)
    from stages.app.files_of_signals import read_signals  # imports pandas
    from stages.tasks.signals.modeling.saved import Saved as SavedSignals

    signals = SavedSignals(folder)
    seeds = choose_seeds(signals, seed)
    reading, channels = SignalReading(**signals.metadata["reading"]), signals.preprocessor.input.width
    return signals, label_signals(signals, read_signals(reading, channels, source.read()), seeds, attention)


def is_of_signals(folder: Path) -> bool:
    """Tell whether a trained model is a classifier of signals; a damaged one is told of when it is opened."""
    metadata = read_json(folder / "model.json")
    return isinstance(metadata, dict) and metadata.get("task") == "signals"


def label_texts(saved: Saved, texts: Sequence[str], seeds: Sequence[int], attention: bool = False) -> list[Row]:
    """Return a row for each text.

    Raises:
        UserError: attention is asked for, and the model has none.
    """
    weights = token_weights(saved, texts, seeds) if attention else None
    probs = np.mean([of_seed for _, of_seed in saved.predict(texts, seeds)], axis=0)
    rows = [row_of(saved, text, of_text) for text, of_text in zip(texts, probs, strict=True)]
    for number, of_text in enumerate(weights or []):
        rows[number]["attention"] = of_text
    return rows


def label_signals(
    saved: SavedClassifier, signals: Sequence[tuple[str, np.ndarray]], seeds: Sequence[int], attention: bool = False
) -> list[Row]:
    """Return a row for each signal, by its name.

    Raises:
        UserError: attention is asked for, and the model has none.
    """
    inputs = [values for _, values in signals]
    probs = np.mean([of_seed for _, of_seed in saved.predict(inputs, seeds)], axis=0)
    rows = [row_of(saved, name, of_one) for (name, _), of_one in zip(signals, probs, strict=True)]
    if attention:
        for row, weights in zip(rows, attention_weights(saved, inputs, seeds), strict=True):
            row["attention"] = weights
    return rows


def row_of(saved: SavedClassifier, name: str, probs: np.ndarray) -> Row:
    """Return a row of a text, or of a signal's name.

    Six significant digits are more than the weights' precision holds.
    """
    probabilities = {label: float(f"{prob:.6g}") for label, prob in zip(saved.labels, probs, strict=True)}
    return {saved.item: name, "label": saved.labels[int(probs.argmax())], "probabilities": probabilities}


def attention_weights(saved: SavedClassifier, inputs: Sequence[Any], seeds: Sequence[int]) -> list[list[float]]:
    """Return the weight of each step of each example, the mean over heads and runs, to six significant digits.

    Raises:
        UserError: the model has no attention.
    """
    per_seed = [[heads.mean(axis=1) for heads in of_seed] for _, of_seed in saved.attention(inputs, seeds)]
    if not per_seed:
        raise UserError(f"{saved.folder} has no attention to show: leave --attention out, or name a model that has it")
    means = (np.mean(of_one, axis=0) for of_one in zip(*per_seed, strict=True))
    return [[float(f"{weight:.6g}") for weight in of_one] for of_one in means]


def token_weights(saved: Saved, texts: Sequence[str], seeds: Sequence[int]) -> list[list[tuple[str, float]]]:
    """Return for each text its tokens, as they stand in it, with their weights: the mean over heads and runs.

    Raises:
        UserError: the model has no attention.
    """
    weights = attention_weights(saved, texts, seeds)
    rows = []
    for text, encoding, of_text in zip(texts, saved.tokenizer.encode_batch(texts), weights, strict=True):
        tokens = [text[start:end] for start, end in encoding.offsets]
        rows.append(list(zip(tokens, of_text, strict=False)))  # a long text's end, which is cut, has no weights
    return rows


def _as_csv(columns: list[str], rows: Iterable[Row]) -> Iterator[str]:
    """Yield CSV: text or signal, label, and a column of probabilities for each label."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    item, *labels = columns
    writer.writerow([item, "label", *(f"probability.{label}" for label in labels)])
    writer.writerows([row[item], row["label"], *row["probabilities"].values()] for row in rows)
    yield buffer.getvalue()


def _as_jsonl(columns: list[str], rows: Iterable[Row]) -> Iterator[str]:
    return json_lines(rows)


def _as_table(columns: list[str], rows: Iterable[Row]) -> Iterator[str]:
    """Yield aligned lines with texts shortened and probabilities rounded, for a person to read."""
    item, *labels = columns
    lines = [[item, "label", *map(shorten, labels)]]
    for row in rows:
        probs = (f"{prob:.3f}" for prob in row["probabilities"].values())
        lines.append([shorten(row[item]), shorten(row["label"]), *probs])
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padding = [" " * (width - display_width(cell)) for cell, width in zip(line, widths, strict=True)]
        left = [cell + spaces for cell, spaces in zip(line[:2], padding, strict=False)]
        right = [spaces + cell for cell, spaces in zip(line[2:], padding[2:], strict=True)]
        yield "  ".join(left + right).rstrip() + "\n"


FORMATTERS: dict[TableFormat, Callable[[list[str], Iterable[Row]], Iterator[str]]] = {
    TableFormat.TABLE: _as_table,
    TableFormat.CSV: _as_csv,
    TableFormat.JSONL: _as_jsonl,
}
