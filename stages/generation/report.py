"""What the stages found out about running text, gathered for the report's pages."""

from stages import charts
from stages.files import read_json
from stages.gathering import REPORTS, gather_comparison
from stages.generation import plots
from stages.generation.comparison import MEASURE


def gather(dataset: str, names: list[str], confidence: float) -> dict:
    """Return all that the stages before wrote about a dataset of running text.

    Returns:
        What `gather_comparison` returns, with `tokens`, and of each model the figures of its samples, `generated`,
        their speed among its timings, and the samples, `examples`.
    """
    found = gather_comparison(dataset, names, MEASURE, confidence)
    for name, model in found["models"].items():
        model["generated"] = read_json(REPORTS / "generate" / dataset / f"{name}.json")
        model["examples"] = read_json(REPORTS / "examples" / dataset / f"{name}.json")
        model["timings"]["generate"] = read_json(REPORTS / "timings/generate" / dataset / f"{name}.json")
    return found | {"tokens": read_json(REPORTS / "tokens" / f"{dataset}.json")}


def draw(dataset: str, found: dict) -> dict:
    """Return a dataset's pictures as SVG: `intervals`, `cost`, `curves` (by figure) and `by_position`."""
    models = found["models"]
    places = {name: models[name]["by_position"] for name in sorted(models) if models[name]["by_position"]}
    drawn = plots.by_position(places, f"{dataset}-by-position") if places else None
    return charts.of_comparison(dataset, found) | {"by_position": drawn}
