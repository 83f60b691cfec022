"""A trained classifier, a text and questions about it → answers, from models/<dataset>/<model> alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from stages.app.common import NestedFormat, TextSource, choose_seeds, find_model, write_nested
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.questions.evaluation import by_sentence
from stages.tasks.questions.loader import sentences
from stages.tasks.questions.modeling.saved import Saved
from stages.tasks.sentences import LINE_BREAK

Row = dict[str, Any]  # question, answer, probability, sentences


def ask(
    paths: Paths,
    dataset: str,
    model: str,
    questions: Sequence[str],
    source: TextSource,
    output_format: NestedFormat | None = None,
    seed: int | None = None,
) -> None:
    """Write answers to questions about one text to standard output, and what the model looked at.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        questions: about the text.
        source: of the text, whose lines and sentences count as one each.
        output_format: None: a table on a terminal, JSON Lines elsewhere.
        seed: of the one run that answers; None: the mean over all runs, and the looks of the first.

    Raises:
        UserError: no such model or seed, or no text.
    """
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    story = sentences("\n".join(source.read()))
    if not story:
        raise UserError("the text holds no sentence: give one by --file, or on standard input")
    lines = [LINE_BREAK.join([" ".join(question.split()), *story]) for question in questions]
    write_nested(answers(saved, lines, choose_seeds(saved, seed)), _as_table, output_format)


def answers(saved: Saved, texts: Sequence[str], seeds: Sequence[int]) -> list[Row]:
    """Return a row for each text: question, answer, its probability, and the sentences with the weight in each look."""
    rows = saved.encode(texts)
    probs = np.mean([of_seed for _, of_seed in saved.predict(texts, seeds, rows)], axis=0)
    _, weights = next(saved.attention(texts, seeds[:1], rows), (0, None))
    results = []
    for number, text in enumerate(texts):
        question, *story = text.split(LINE_BREAK)
        told: list[Row] = [{"text": sentence} for sentence in story]
        if weights is not None:  # a long text's end, which is cut, has none
            looks = by_sentence(rows[number], weights[number], saved.preprocessor.line_break)
            for sentence, of_one in zip(told, looks, strict=False):
                sentence["looks"] = [float(f"{weight:.4g}") for weight in of_one]
        best = int(probs[number].argmax())
        probability = float(f"{probs[number][best]:.6g}")
        results.append(
            {"question": question, "answer": saved.labels[best], "probability": probability, "sentences": told}
        )
    return results


def _as_table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield lines for a person to read: a question with its answer, and below it the weights of each sentence."""
    for row in rows:
        yield f"{row['question']}  {row['answer']}  ({row['probability']:.3f})\n"
        for sentence in row["sentences"]:
            if "looks" in sentence:
                yield f"  {'  '.join(f'{weight:.2f}' for weight in sentence['looks'])}  {sentence['text']}\n"
