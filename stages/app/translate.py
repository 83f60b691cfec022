"""A trained model of pairs and texts → what it writes for them, from models/<dataset>/<model> alone."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from stages.app.common import (
    NestedFormat,
    TextSource,
    choose_seeds,
    display_width,
    find_model,
    shorten,
    write_nested,
)
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.seq2seq.modeling.contract import BeamHypothesis, Translator
from stages.tasks.seq2seq.modeling.data import UNKNOWN
from stages.tasks.seq2seq.modeling.saved import Saved, SavedTranslator

Row = dict[str, Any]  # text or file, outputs, and perhaps alignment


def translate(
    paths: Paths,
    dataset: str,
    model: str,
    source: TextSource,
    beam: int = 5,
    best: int = 1,
    length_penalty: float = 1.0,
    alignments: bool = False,
    output_format: NestedFormat | None = None,
    seed: int | None = None,
) -> None:
    """Write what a model makes of texts to standard output.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        source: the texts.
        beam, best: hypotheses that the search keeps, and outputs for each text, the best first.
        length_penalty: a score is divided by the length to this power.
        alignments: add where the model attended as it wrote.
        output_format: None: a table on a terminal, JSON Lines elsewhere.
        seed: that the model was trained with; None: its first.

    Raises:
        UserError: no such model or seed, an option out of range, files that `train` did not write so, or no texts.
    """
    check_options(beam, best, length_penalty)
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    translator = open_first(saved, seed, alignments)
    texts = source.read()
    note_unread(saved, texts)
    outputs = translate_texts(translator, texts, beam, best, length_penalty)
    rows = (
        output_row(translator, {"text": text}, text, hypotheses, alignments)
        for text, hypotheses in zip(texts, outputs, strict=True)
    )
    write_nested(list(rows), _as_table, output_format)


def write_for_files(
    translator: Translator,
    sources: Sequence[tuple[str, Any]],
    beam: int,
    best: int,
    alignments: bool,
    output_format: NestedFormat | None,
) -> None:
    """Write what a model makes of sources out of files, each with its name, to standard output."""
    outputs = translator.translate([source for _, source in sources], beam, best)
    rows = (
        output_row(translator, {"file": name}, source, hypotheses, alignments)
        for (name, source), hypotheses in zip(sources, outputs, strict=True)
    )
    write_nested(list(rows), _as_table, output_format)


def open_first(saved: SavedTranslator, seed: int | None, alignments: bool) -> Translator:
    """Return the run of a seed, by default the first.

    Raises:
        UserError: there is no such run, or alignments are asked of a model that has none.
    """
    _, translator = next(saved.replicas(choose_seeds(saved, seed)[:1]))
    if alignments:
        refuse_without_attention(saved, translator)
    return translator


def check_options(beam: int, best: int, length_penalty: float = 1.0) -> None:
    """Refuse what no search can mean.

    Raises:
        UserError: names the option and what is valid.
    """
    for option, value in {"--beam": beam, "--best": best}.items():
        if value < 1:
            raise UserError(f"{option} is {value}: it must be 1 or more")
    if best > beam:
        raise UserError(f"--best is {best}, but a beam of {beam} finds no more than {beam}: raise --beam")
    if not length_penalty >= 0:
        raise UserError(f"--length-penalty is {length_penalty}: it must be 0 (short outputs are ahead) or more")


def refuse_without_attention(saved: SavedTranslator, translator: Translator) -> None:
    """Refuse to show alignments of a model that has none.

    Raises:
        UserError: names it.
    """
    if not translator.attends:
        raise UserError(f"{saved.folder} has no attention to show: leave --alignments out, or name a model that has it")


def translate_texts(
    translator: Translator, texts: Sequence[str], beam: int, best: int, length_penalty: float
) -> list[list[BeamHypothesis]]:
    """Return each text's outputs; a blank text's is empty."""
    sources = [text for text in texts if text.strip()]
    outputs = iter(translator.translate(sources, beam, best, length_penalty) if sources else [])
    return [next(outputs) if text.strip() else [BeamHypothesis("", 0.0, True)] for text in texts]


def note_unread(saved: Saved, texts: Sequence[str]) -> None:
    """Say on standard error what of the texts a model does not know, or does not read."""
    tokenizer, longest = saved.vocabularies.source, saved.vocabularies.maximum["source"]
    unknown: set[str] = set()
    num_long = 0
    for text, encoding in zip(texts, tokenizer.encode_batch(list(texts)), strict=True):
        spans = zip(encoding.ids, encoding.offsets, strict=True)
        unknown |= {text[start:end] for number, (start, end) in spans if number == UNKNOWN}
        num_long += len(encoding.ids) >= longest
    if unknown:
        characters = ", ".join(map(repr, sorted(unknown)))
        print(f"note: read as unknown, because train holds none: {characters}", file=sys.stderr)
    if num_long:
        print(
            f"note: {num_long} text(s) of {longest} tokens or more: networks read {longest - 1} of them",
            file=sys.stderr,
        )


def output_row(
    translator: Translator, asked: Row, source: Any, hypotheses: list[BeamHypothesis], alignments: bool
) -> Row:
    """Return what is written of a source; six significant digits are more than the weights' precision holds.

    `asked`: one key, of the source or its name.
    """
    outputs = [
        {"text": hypothesis.text, "score": float(f"{hypothesis.score:.6g}"), "ended": hypothesis.ended}
        for hypothesis in hypotheses
    ]
    row = asked | {"outputs": outputs}
    if alignments:
        row["alignment"] = _alignment(translator, source, hypotheses[0].text)
    return row


def _alignment(translator: Translator, source: Any, output: str) -> dict[str, Any]:
    """Return the tokens read and written, and the weights of those read for each of those written."""
    alignment = translator.align(source, output)
    weights = [[float(f"{weight:.4g}") for weight in row] for row in alignment.weights]
    return {"read": alignment.source, "wrote": alignment.output, "weights": weights}


def _as_table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield lines for a person to read: text, score and output; below, what each token written attended to most."""
    asked = [shorten(next(iter(row.values()))) for row in rows]
    width = max(map(display_width, asked))
    for text, row in zip(asked, rows, strict=True):
        for output in row["outputs"]:
            padding = " " * (width - display_width(text))
            cut = "" if output["ended"] else " … (cut)"
            yield f"{text}{padding}  {output['score']:8.3f}  {output['text']}{cut}\n"
            text = ""
        if "alignment" in row:
            yield f"{' ' * width}            {'  '.join(_arrows(row['alignment']))}\n"


def _arrows(alignment: dict[str, Any]) -> Iterator[str]:
    for wrote, weights in zip(alignment["wrote"], alignment["weights"], strict=True):
        place = max(range(len(weights)), key=weights.__getitem__)
        yield f"{wrote.strip() or '␣'}←{alignment['read'][place].strip() or '␣'}"
