"""A trained model of pairs and texts → what it writes for them, from models/<dataset>/<model> alone.

Like `stages/predict.py` this is for people: it reads neither params.yaml nor data/, and writes to standard output.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from stages.console import Problem, run
from stages.predict import checked, choose, columns, find, read, shortened, show
from stages.replicas import prepare_jax
from stages.seq2seq.data import UNKNOWN, Written
from stages.seq2seq.saved import Saved

EPILOG = (
    "Without TEXT and --file, texts are read from standard input, one a line. A blank line gets an empty output. A "
    "text that begins with a dash goes after --."
)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the words and options, each of which is a parameter of `translate`."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.translate",
        description="Write what a trained model makes of texts: the first seed's replica, by beam search.",
        epilog=EPILOG,
    )
    parser.add_argument("dataset", metavar="DATASET", help="a folder under models/")
    parser.add_argument("model", metavar="MODEL", help="a folder under models/DATASET/")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a text to read")
    parser.add_argument("--file", help="read texts from a UTF-8 file, one a line; - is standard input")
    parser.add_argument("--beam", type=int, default=5, metavar="WIDTH", help="hypotheses kept; 1: greedy (default 5)")
    parser.add_argument("--best", type=int, default=1, metavar="N", help="outputs of each text, best first (default 1)")
    parser.add_argument(
        "--length-penalty", type=float, default=1.0, metavar="P", help="a score is divided by length^P (default 1)"
    )
    parser.add_argument("--alignments", action="store_true", help="show where the model attended as it wrote")
    parser.add_argument("--format", choices=FORMATS, help="table (on a terminal) or jsonl (elsewhere)")
    parser.add_argument("--seed", type=int, help="the seed that the replica was trained with")
    return parser


def translate(
    dataset: str,
    model: str,
    texts: list[str],
    file: str | None,
    beam: int,
    best: int,
    length_penalty: float,
    alignments: bool,
    format: str | None,
    seed: int | None,
) -> None:
    """Write what a model makes of texts; `command_line` tells what the arguments mean.

    Raises:
        Problem: no such model or seed, an option out of range, files that `train` did not write so, or no texts.
    """
    usage_error = command_line().error  # shows the usage and exits with 2
    if texts and file is not None:
        usage_error("give texts or --file, not both")
    if not texts and file is None and (sys.stdin is None or sys.stdin.isatty()):
        usage_error("no texts: give them as arguments, with --file, or on standard input")
    check_options(beam, best, length_penalty)
    prepare_jax()
    saved = Saved(find(dataset, model))
    _, network = next(saved.replicas(choose(saved, seed)[:1]))
    if alignments and not getattr(network, "attends", False):
        raise Problem(f"{saved.folder} has no attention to show: leave --alignments out, or name a model that has it")
    texts = checked(texts) if texts else read(file)
    tell_unread(saved, texts)
    rows = []
    for text, outputs in zip(texts, written_of(network, texts, beam, best, length_penalty), strict=True):
        rows.append({"text": text, "outputs": [told(output) for output in outputs]})
        if alignments:
            rows[-1]["alignment"] = aligned(network, text, outputs[0].text)
    show(FORMATS[format or ("table" if sys.stdout.isatty() else "jsonl")](rows))


def check_options(beam: int, best: int, length_penalty: float) -> None:
    """Refuse what no search can mean.

    Raises:
        Problem: names the option and what is valid.
    """
    for option, value in {"--beam": beam, "--best": best}.items():
        if value < 1:
            raise Problem(f"{option} is {value}: it must be 1 or more")
    if best > beam:
        raise Problem(f"--best is {best}, but a beam of {beam} finds no more than {beam}: raise --beam")
    if not length_penalty >= 0:
        raise Problem(f"--length-penalty is {length_penalty}: it must be 0 (short outputs are ahead) or more")


def written_of(network: Any, texts: list[str], beam: int, best: int, power: float) -> list[list[Written]]:
    """Return each text's outputs; a blank text's is empty."""
    own = [text for text in texts if text.strip()]
    found = iter(network.translate(own, beam, best, power) if own else [])
    return [next(found) if text.strip() else [Written("", 0.0, True)] for text in texts]


def told(output: Written) -> dict[str, Any]:
    """Return an output as it is shown; six significant digits are more than the weights' precision holds."""
    return {"text": output.text, "score": float(f"{output.score:.6g}"), "ended": output.ended}


def tell_unread(saved: Saved, texts: list[str]) -> None:
    """Say what of the texts a model does not know, or does not read."""
    tokenizer, longest = saved.vocabularies.source, saved.vocabularies.maximum["source"]
    unseen, long = set(), 0
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        spans = zip(encoding.ids, encoding.offsets, strict=True)
        unseen |= {text[start:end] for number, (start, end) in spans if number == UNKNOWN}
        long += len(encoding.ids) >= longest
    if unseen:
        print(f"note: read as unknown, for train holds none: {', '.join(map(repr, sorted(unseen)))}", file=sys.stderr)
    if long:
        print(f"note: {long} text(s) of {longest} tokens or more: networks read {longest - 1} of them", file=sys.stderr)


def aligned(network: Any, text: str, output: str) -> dict[str, Any]:
    """Return the tokens read and written, and the weights of those read for each of those written."""
    tokens, wrote, weights = network.attention(text, output)
    return {"read": tokens, "wrote": wrote, "weights": [[float(f"{w:.4g}") for w in row] for row in weights]}


def as_jsonl(rows: list[dict]) -> Iterable[str]:
    """Yield one JSON object a text."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_table(rows: list[dict]) -> Iterable[str]:
    """Yield lines for a person to read: text, score and output; under it, what each token written looked at most."""
    width = max(columns(shortened(row["text"])) for row in rows)
    for row in rows:
        head = shortened(row["text"])
        for output in row["outputs"]:
            gap = " " * (width - columns(head))
            yield f"{head}{gap}  {output['score']:8.3f}  {output['text']}{'' if output['ended'] else ' … (cut)'}\n"
            head = ""
        if "alignment" in row:
            found = row["alignment"]
            places = (max(range(len(weights)), key=weights.__getitem__) for weights in found["weights"])
            pairs = (
                f"{wrote.strip() or '␣'}←{found['read'][place].strip() or '␣'}"
                for wrote, place in zip(found["wrote"], places, strict=True)
            )
            yield f"{' ' * width}            {'  '.join(pairs)}\n"


FORMATS: dict[str, Callable[[list[dict]], Iterable[str]]] = {"table": as_table, "jsonl": as_jsonl}

if __name__ == "__main__":
    run(translate, command_line())
