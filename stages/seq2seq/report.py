"""What the stages found out about datasets of pairs, gathered for the report's pages."""

from stages import charts
from stages.classification.plots import lengths
from stages.files import read_json
from stages.gathering import REPORTS, gather_comparison, read_table
from stages.seq2seq import plots
from stages.seq2seq.comparison import MEASURE


def gather(dataset: str, names: list[str], confidence: float) -> dict:
    """Return all that the stages before wrote about a dataset of pairs.

    Returns:
        What `gather_comparison` returns, with `tokens`, `lengths` as a table, and of each model its `examples`.
    """
    found = gather_comparison(dataset, names, MEASURE, confidence)
    for name, model in found["models"].items():
        model["examples"] = read_json(REPORTS / "examples" / dataset / f"{name}.json")
    return found | {
        "tokens": read_json(REPORTS / "tokens" / f"{dataset}.json"),
        "lengths": read_table(REPORTS / "plots/lengths" / f"{dataset}.csv"),
    }


def draw(dataset: str, found: dict) -> dict:
    """Return a dataset's pictures as SVG: `intervals`, `cost`, `curves` (by figure), `by_length`, `lengths`."""
    models, baseline = found["models"], found["compare"]["best_baseline"]
    trained = [name for name in sorted(models) if not models[name]["baseline"]]
    bands = {name: models[name]["by_length"] for name in (*trained, *([baseline] if baseline else []))}
    told = {"error": (MEASURE.name, MEASURE.words), "bleu": ("bleu", "BLEU")}
    return charts.of_comparison(dataset, found) | {
        "by_length": {
            key: plots.by_length(bands, figure, words, sorted(models), f"{dataset}-by-length-{key}")
            for key, (figure, words) in told.items()
        },
        "lengths": lengths(found["lengths"], f"{dataset}-lengths"),
    }
