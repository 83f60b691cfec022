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
    compared, models = found["compare"], found["models"]
    best, baseline = compared["best"], compared["best_baseline"]
    figures = {name: model["metrics"][MEASURE.name] for name, model in models.items()}
    seconds = {name: model["timings"]["train"]["fit_seconds"] for name, model in models.items()}
    trained = {name: models[name]["curves"] for name in sorted(models) if not models[name]["baseline"]}
    level, column = models[baseline]["curves"] if baseline else None, f"validation_{MEASURE.name}"
    bands = {name: models[name]["by_length"] for name in (*trained, *([baseline] if baseline else []))}
    told = {"error": (MEASURE.name, MEASURE.words), "bleu": ("bleu", "BLEU")}
    return {
        "intervals": charts.intervals(figures, MEASURE, best, baseline, f"{dataset}-intervals"),
        "cost": charts.cost(figures, MEASURE, seconds, best, f"{dataset}-cost"),
        "curves": {column: charts.curves(trained, column, level, f"{dataset}-{column}")} if trained else {},
        "by_length": {
            key: plots.by_length(bands, figure, words, sorted(models), f"{dataset}-by-length-{key}")
            for key, (figure, words) in told.items()
        },
        "lengths": lengths(found["lengths"], f"{dataset}-lengths"),
    }
