"""What the stages found out about time series, gathered for the report's pages."""

from stages import charts
from stages.files import read_json
from stages.forecasting import plots
from stages.forecasting.comparison import MEASURE
from stages.gathering import REPORTS, gather_comparison, read_table


def gather(dataset: str, names: list[str], confidence: float) -> dict:
    """Return all that the stages before wrote about a dataset of time series.

    Returns:
        What `gather_comparison` returns, with `tokens` (the windows), and of each model `forecasts` and `residuals` as
        tables.
    """
    found = gather_comparison(dataset, names, MEASURE, confidence)
    for name, model in found["models"].items():
        model["forecasts"] = read_table(REPORTS / "plots/forecasts" / dataset / f"{name}.csv")
        model["residuals"] = read_table(REPORTS / "plots/residuals" / dataset / f"{name}.csv")
    return found | {"tokens": read_json(REPORTS / "tokens" / f"{dataset}.json")}


def draw(dataset: str, found: dict) -> dict:
    """Return a dataset's pictures as SVG.

    They are `intervals`, `cost`, `curves` (by figure), `by_step`, `residuals`, and `forecasts`: of the chosen model and
    the best baseline, by model and window.
    """
    compared, models = found["compare"], found["models"]
    shown = dict.fromkeys(name for name in (compared["best"], compared["best_baseline"]) if name)
    return charts.of_comparison(dataset, found) | {
        "by_step": plots.by_step({name: models[name]["by_step"] for name in sorted(models)}, f"{dataset}-by-step"),
        "residuals": plots.residuals(
            {name: models[name]["residuals"] for name in sorted(models)}, f"{dataset}-residuals"
        ),
        "forecasts": {name: _windows(dataset, name, models[name]["forecasts"]) for name in shown},
    }


def _windows(dataset: str, name: str, table) -> dict[str, str]:
    return {
        window: plots.forecast(rows, f"{dataset}-{name}-forecast-{number}", name)
        for number, (window, rows) in enumerate(table.groupby("window", sort=False))
    }
