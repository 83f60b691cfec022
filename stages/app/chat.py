"""A trained model of dialogue and what somebody says → its replies, from models/<dataset>/<model> alone."""

import sys
from collections.abc import Iterator
from typing import TextIO

from stages.app.common import choose_seeds, find_model, write_output
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.dialogue.modeling.saved import Saved
from stages.tasks.replies import history
from stages.tasks.seq2seq.modeling.contract import Translator

PROMPT = "> "  # of a terminal


def chat(paths: Paths, dataset: str, model: str, beam: int = 3, seed: int | None = None) -> None:
    """Reply to each line of standard input, until it ends, on standard output.

    A reply is given for the last turns, its own among them: as many of them, and of their words, the latest first, as
    the model was trained with.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        beam: hypotheses that the search keeps.
        seed: that the model was trained with; None: its first.

    Raises:
        UserError: no such model or seed, a beam below 1, or a model that writes nothing.
    """
    if beam < 1:
        raise UserError(f"--beam is {beam}: it must be 1 or more")
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    _, replier = next(saved.replicas(choose_seeds(saved, seed)[:1]))
    if not isinstance(replier, Translator):
        raise UserError(f"{model} chooses among replies and writes none: name another model, such as tfidf_retrieval")
    limits: dict[str, int] = {"most": saved.metadata["history"], "words": saved.metadata["words"]}
    write_output(replies(replier, _said(sys.stdin), limits, beam), flush=True)


def replies(replier: Translator, said: Iterator[str], limits: dict[str, int], beam: int) -> Iterator[str]:
    """Yield a line for each turn that is said. `limits`: of `history`."""
    turns: list[str] = []
    for text in said:
        turns.append(text)
        ((best, *_),) = replier.translate([history(turns, **limits)], beam)
        turns.append(best.text or "…")
        yield f"{turns[-1]}\n"


def _said(stream: TextIO) -> Iterator[str]:
    """Yield the lines of a stream that hold something; at a terminal, ask for each."""
    while True:
        if stream.isatty():
            sys.stderr.write(PROMPT)
            sys.stderr.flush()
        try:
            line = stream.readline()
        except UnicodeDecodeError as error:
            raise UserError(f"standard input is not UTF-8 text: {error.reason}") from None
        if not line:
            return
        if line.strip():
            yield " ".join(line.split())
