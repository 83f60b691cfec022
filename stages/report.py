"""All results → one page for readers, a leaderboard, and a summary for machines.

`reports/summary.json` holds no timings, so that the same results give the same bytes, and its keys are kept stable.
All of them lie below `datasets.<dataset>`:

| key                               | value                                                                       |
|-----------------------------------|-----------------------------------------------------------------------------|
| best                              | the model with the best validation accuracy                                 |
| best_baseline                     | the baseline with the best validation accuracy; null where there is none    |
| verdict                           | a sentence: does `best` beat `best_baseline`?                               |
| signature                         | what the figures of `best` were measured on: {part, split, items, seeds, …} |
| models.<model>.baseline           | whether the model is a baseline                                             |
| models.<model>.validation_accuracy | mean over seeds                                                            |
| models.<model>.size               | number of parameters                                                        |
| models.<model>.metrics.<metric>   | {mean, low, high, sd, seeds} on the test part: the mean over seeds, the     |
|                                   | interval's ends, the standard deviation over seeds, and how many seeds      |
| models.<model>.against_baseline   | {difference, low, high, p} of test accuracy against `best_baseline`; left   |
|                                   | out for `best_baseline` itself and where there is none                      |

The metrics are accuracy, macro_f1, log_loss and calibration_error.
"""

import re
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.classification import plots
from stages.console import Problem, run
from stages.files import read_json, write_json, write_text
from stages.params import load

REPORTS = Path("reports")
METRICS = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
}
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


def report() -> None:
    """Write the report page, the leaderboard and the summary."""
    params = load()
    names = params.classification.model_names()
    datasets = {dataset: gather(dataset, names) for dataset in params.classification.datasets}
    confidence = f"{100 * params.evaluation.confidence:g} %"
    write_json(REPORTS / "summary.json", summary(datasets))
    write_text(REPORTS / "leaderboard.md", leaderboard(datasets, confidence))
    write_text(REPORTS / "index.html", page(datasets, confidence))
    print(f"{REPORTS / 'index.html'}: {len(datasets)} dataset(s), {len(names)} model(s)")


def gather(dataset: str, names: list[str]) -> dict:
    """Return all that the stages before wrote about a dataset.

    Returns:
        The reports `compare`, `split`, `tokens`, `audit` and `validation` by name, `lengths` as a table, and
        `models`: of each model its results in `compare` and `metrics` in one, `timings` and two tables, `curves`
        and `confusion`. Models are sorted by test accuracy, the best first.

    Raises:
        Problem: a report is missing, or is not about all the models.
    """
    kinds = ("compare", "split", "tokens", "audit", "validation")
    found = {kind: read_json(REPORTS / kind / f"{dataset}.json") for kind in kinds}
    compared = found["compare"]["models"]
    lacking = sorted(set(names) - set(compared))
    if lacking:
        path = REPORTS / "compare" / f"{dataset}.json"
        raise Problem(f"{path} has no model {', '.join(lacking)}, which params.yaml names: run `dvc repro`")
    ranked = sorted(names, key=lambda name: (-compared[name]["metrics"]["accuracy"]["mean"], name))
    return found | {
        "lengths": read_table(REPORTS / "plots/lengths" / f"{dataset}.csv"),
        "models": {name: compared[name] | _gather_model(dataset, name) for name in ranked},
    }


def _gather_model(dataset: str, name: str) -> dict:
    measured = read_json(REPORTS / "metrics" / dataset / f"{name}.json")
    # Labels are texts, even those that look like numbers or like missing values.
    as_text = {"dtype": str, "keep_default_na": False}
    return {
        "size": measured["size"],
        "by_class": measured["by_class"],
        "timings": {
            stage: read_json(REPORTS / "timings" / stage / dataset / f"{name}.json") for stage in ("train", "evaluate")
        },
        "curves": read_table(REPORTS / "plots/curves" / dataset / f"{name}.csv"),
        "confusion": read_table(REPORTS / "plots/confusion" / dataset / f"{name}.csv", **as_text),
    }


def read_table(path: Path, **options) -> pd.DataFrame:
    """Read a CSV file that a stage wrote.

    Raises:
        Problem: the file is not there or not CSV.
    """
    try:
        return pd.read_csv(path, **options)
    except FileNotFoundError:
        raise Problem(f"{path} is missing: run `dvc repro` first") from None
    except ValueError as error:
        raise Problem(f"{path} is not valid CSV ({error}): remove it and run `dvc repro`") from None


def summary(datasets: dict[str, dict]) -> dict:
    """Return the summary for machines; this module's docstring tells its keys."""
    return {
        "datasets": {
            dataset: {key: found["compare"][key] for key in ("best", "best_baseline", "verdict", "signature")}
            | {"models": {name: _summary_of_model(found["models"][name]) for name in sorted(found["models"])}}
            for dataset, found in datasets.items()
        }
    }


def _summary_of_model(model: dict) -> dict:
    told = {key: model[key] for key in ("baseline", "validation_accuracy", "size")}
    told["metrics"] = {
        metric: {key: model["metrics"][metric][key] for key in ("mean", "low", "high", "sd", "seeds")}
        for metric in METRICS
    }
    if "against_baseline" in model:
        told["against_baseline"] = {key: model["against_baseline"][key] for key in ("difference", "low", "high", "p")}
    return told


def leaderboard(datasets: dict[str, dict], confidence: str) -> str:
    """Return Markdown with a table a dataset, the best test accuracy on top."""
    lines = [
        "# Leaderboard",
        "",
        f"Means over seeds on the test part, with {confidence} intervals over items and seeds. "
        "Log loss and calibration error: lower is better.",
    ]
    for dataset, found in datasets.items():
        header = ["Model", *METRICS.values(), "Accuracy against the best baseline, points", "p", "Parameters", "Seeds"]
        rows = [header, ["---", *["---:"] * (len(header) - 1)]]
        rows += [_leaderboard_row(name, model, found["compare"]) for name, model in found["models"].items()]
        lines += ["", f"## {escape_markdown(dataset)}", "", escape_markdown(found["compare"]["verdict"]), ""]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines += ["", f"<sub>{escape_markdown(signature_line(found['compare']))}</sub>"]
    return "\n".join(lines) + "\n"


def _leaderboard_row(name: str, model: dict, compared: dict) -> list[str]:
    marks = [mark for mark, holds in _marks(name, model, compared).items() if holds]
    shown = f"**{escape_markdown(name)}**" if name == compared["best"] else escape_markdown(name)
    versus = model.get("against_baseline")
    return [
        shown + (f" ({', '.join(marks)})" if marks else ""),
        *(interval(model["metrics"][metric]) for metric in METRICS),
        points(versus) if versus else "–",
        f"{versus['p']:.2g}" if versus else "–",
        f"{model['size']:,}",
        str(model["metrics"]["accuracy"]["seeds"]),
    ]


def _marks(name: str, model: dict, compared: dict) -> dict[str, bool]:
    return {
        "chosen on validation": name == compared["best"],
        "best baseline": name == compared["best_baseline"],
        "baseline": model["baseline"] and name != compared["best_baseline"],
    }


def page(datasets: dict[str, dict], confidence: str) -> str:
    """Return the report page, which loads nothing; whatever comes from the data is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"interval": interval, "points": points, "signature": signature_line}
    return environment.get_template("report.html.j2").render(
        datasets=datasets,
        pictures={dataset: draw(dataset, found, confidence) for dataset, found in datasets.items()},
        metrics=METRICS,
        marks=_marks,
        numbered=plots.NUMBERED,
        confidence=confidence,
    )


def draw(dataset: str, found: dict, confidence: str) -> dict:
    """Return a dataset's pictures as SVG: `accuracy`, `curves` (by figure), `confusion` (by model) and `lengths`.

    There are curves of the models that were trained in epochs, and confusion matrices of those that do not always
    give the same answer.
    """
    compared, models = found["compare"], found["models"]
    accuracy = {name: model["metrics"]["accuracy"] for name, model in models.items()}
    told = "; ".join(f"{name} {interval(figures)}" for name, figures in accuracy.items())
    trained = {name: models[name]["curves"] for name in sorted(models) if not models[name]["baseline"]}
    level = models[compared["best_baseline"]]["curves"] if compared["best_baseline"] else None
    columns = ("validation_accuracy", "validation_log_loss") if trained else ()
    return {
        "accuracy": plots.intervals(
            accuracy,
            compared["best"],
            compared["best_baseline"],
            f"{dataset}-accuracy",
            f"Test accuracy with {confidence} intervals: {told}",
        ),
        "curves": {
            column: plots.curves(trained, column, sorted(models), level, f"{dataset}-{column}") for column in columns
        },
        "confusion": {
            name: plots.confusion(
                model["confusion"],
                list(model["by_class"]),
                f"{dataset}-confusion-{name}",
                f"Confusion matrix of {name}",
            )
            for name, model in models.items()
            if model["confusion"]["predicted"].nunique() > 1
        },
        "lengths": plots.lengths(found["lengths"], f"{dataset}-lengths", "Lengths of the texts in tokens, by part"),
    }


def interval(figures: dict[str, float]) -> str:
    """Word a mean and its interval: 0.795 [0.770, 0.820]."""
    return f"{figures['mean']:.3f} [{figures['low']:.3f}, {figures['high']:.3f}]"


def points(versus: dict[str, float]) -> str:
    """Word a difference of accuracies and its interval in percentage points: +1.2 [−0.3, +2.7]."""
    difference, low, high = (100 * versus[key] for key in ("difference", "low", "high"))
    return f"{difference:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−")


def signature_line(compared: dict) -> str:
    """Word what figures were measured on; the seeds are the chosen model's."""
    signature = compared["signature"]
    seeds = ", ".join(map(str, signature["seeds"]))
    return (
        f"{signature['items']:,} {signature['part']} items, split {signature['split']}, "
        f"seeds {seeds} ({compared['best']}), vocabulary {signature['vocabulary']:,}, "
        f"{signature['average']}, {signature['calibration_bins']} calibration bins"
    )


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))


if __name__ == "__main__":
    run(report)
