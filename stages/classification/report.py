"""What the stages found out about datasets of texts, gathered for the report's pages."""

from pathlib import Path

import pandas as pd

from stages.classification import plots
from stages.console import Problem
from stages.files import read_json
from stages.significance import between, proven
from stages.wording import points, probability

REPORTS = Path("reports")
METRICS = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
}
FASTER = "Convolutions are faster than recurrence"
RACES = (("cnn", "lstm"), ("cnn", "gru"))
NOISE = 1.1  # speeds were measured once: two of them that differ by less count as equal
TEXTS = {"all": "all texts", "longest": "longest quarter", "shortest": "shortest quarter"}
HOLDS = {"yes": "Yes", "no": "No, the other is better", "not proven": "Not proven"}


def gather(dataset: str, names: list[str], confidence: float) -> dict:
    """Return all that the stages before wrote about a dataset.

    Returns:
        The reports `compare`, `split`, `tokens`, `audit` and `validation` by name, `lengths` as a table, `matrix`
        (by model and model, the pair's row in `compare`, turned, with `proven`), and `models`: of each model its
        results in `compare`, `metrics` and `examples` in one, `timings` and two tables, `curves` and `confusion`.
        Models are sorted by test accuracy, the best first.

    Raises:
        Problem: a report is missing, or is not about all the models.
    """
    kinds = ("compare", "split", "tokens", "audit", "validation")
    found = {kind: read_json(REPORTS / kind / f"{dataset}.json") for kind in kinds}
    compared = found["compare"] = _of_models(found["compare"], names, REPORTS / "compare" / f"{dataset}.json")
    ranked = sorted(names, key=lambda name: (-compared["models"][name]["metrics"]["accuracy"]["mean"], name))
    return found | {
        "lengths": read_table(REPORTS / "plots/lengths" / f"{dataset}.csv"),
        "models": {name: compared["models"][name] | _gather_model(dataset, name) for name in ranked},
        "matrix": {name: _duels(name, ranked, compared["pairs"], confidence) for name in ranked},
    }


def _of_models(compared: dict, names: list[str], path: Path) -> dict:
    """Return a comparison without the pairs and claims of models that params.yaml does not name."""
    lacking = sorted(set(names) - set(compared["models"]))
    if lacking:
        raise Problem(f"{path} has no model {', '.join(lacking)}, which params.yaml names: run `dvc repro`")
    chosen = sorted({compared["best"], compared["best_baseline"]} - {*names, None})
    if chosen:
        raise Problem(f"{path} chose {', '.join(chosen)}, which params.yaml does not name: run `dvc repro`")
    return compared | {
        "pairs": [row for row in compared["pairs"] if {row["one"], row["other"]} <= set(names)],
        "claims": [row for row in compared["claims"] if {row["better"], row["worse"]} <= set(names)],
    }


def _gather_model(dataset: str, name: str) -> dict:
    measured = read_json(REPORTS / "metrics" / dataset / f"{name}.json")
    # Labels are texts, even those that look like numbers or like missing values.
    as_text = {"dtype": str, "keep_default_na": False}
    kept = ("size", "bytes", "by_class", "by_length", "by_unknown")
    return {key: measured[key] for key in kept} | {
        "examples": read_json(REPORTS / "examples" / dataset / f"{name}.json"),
        "timings": {
            stage: read_json(REPORTS / "timings" / stage / dataset / f"{name}.json") for stage in ("train", "evaluate")
        },
        "curves": read_table(REPORTS / "plots/curves" / dataset / f"{name}.csv"),
        "confusion": read_table(REPORTS / "plots/confusion" / dataset / f"{name}.csv", **as_text),
    }


def _duels(name: str, others: list[str], pairs: list[dict], confidence: float) -> dict[str, dict]:
    rows = {other: between(pairs, name, other) for other in others if other != name}
    return {other: row | {"proven": proven(row, confidence)} for other, row in rows.items()}


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


def claims(datasets: dict[str, dict]) -> dict[str, list[dict]]:
    """Return the notes' claims in words, each with the rows that decide it, the figures worded.

    A row is {dataset, better, worse, texts, figure, other_figure, difference, p, holds}. The rows on speed come from
    timings: they differ from run to run.
    """
    found: dict[str, list[dict]] = {}
    for dataset, reports in datasets.items():
        for claim in reports["compare"]["claims"]:
            found.setdefault(claim["words"], []).append(_worded(claim) | {"dataset": dataset})
    races = [
        {"dataset": dataset, "better": better, "worse": worse} | row
        for better, worse in RACES
        for dataset, reports in datasets.items()
        if {better, worse} <= reports["models"].keys()
        for row in _race(reports["models"][better]["timings"], reports["models"][worse]["timings"])
    ]
    for rows in found.values():
        rows.sort(key=lambda row: (row["better"], row["worse"]))  # stable: datasets stay in their order
    return found | ({FASTER: races} if races else {})


def _worded(claim: dict) -> dict:
    return {
        "better": claim["better"],
        "worse": claim["worse"],
        "texts": f"{TEXTS[claim['texts']]} ({claim['items']:,})",
        "figure": f"{claim['accuracy']:.3f}",
        "other_figure": f"{claim['other_accuracy']:.3f}",
        "difference": points(claim),
        "p": probability(claim["p"]),
        "holds": HOLDS[claim["holds"]],
    }


def _race(timings: dict, others: dict) -> list[dict]:
    rows = []
    for work, stage in {"in training": "train", "in prediction": "evaluate"}.items():
        fast, slow = (found[stage]["examples_per_second"] for found in (timings, others))
        ratio = fast / max(slow, 0.001)
        told = {"figure": f"{fast:,.0f}/s", "other_figure": f"{slow:,.0f}/s", "difference": f"{ratio:.2f} ×"}
        holds = "Yes" if ratio > NOISE else "No, the other is faster" if ratio < 1 / NOISE else "Equally fast"
        rows.append({"texts": work, "p": "–", "holds": holds} | told)
    return rows


def draw(dataset: str, found: dict) -> dict:
    """Return a dataset's pictures as SVG.

    They are `accuracy`, `cost`, `lengths`, `by_length` and `by_unknown` (None where there is nothing to compare),
    `curves` (by figure; of the models that were trained in epochs) and `confusion` (by model). Models that always
    give the same answer are left out, for they would leave no room for the others, save from `accuracy` where they
    are best.
    """
    compared, models = found["compare"], found["models"]
    best, baseline = compared["best"], compared["best_baseline"]
    accuracy = {name: model["metrics"]["accuracy"] for name, model in models.items()}
    varied = {name: model for name, model in models.items() if model["confusion"]["predicted"].nunique() > 1}
    seconds = {name: model["timings"]["train"]["fit_seconds"] for name, model in varied.items()}
    trained = {name: models[name]["curves"] for name in sorted(models) if not models[name]["baseline"]}
    level = models[baseline]["curves"] if baseline else None
    columns = ("validation_accuracy", "validation_log_loss") if trained else ()
    return {
        "accuracy": plots.intervals(
            {name: accuracy[name] for name in models if name in {*varied, best, baseline}},
            best,
            baseline,
            f"{dataset}-accuracy",
        ),
        "cost": plots.cost({name: accuracy[name] for name in varied}, seconds, best, f"{dataset}-cost")
        if varied
        else None,
        "curves": {column: plots.curves(trained, column, level, f"{dataset}-{column}") for column in columns},
        "by_length": _quarters(varied, "by_length", "tokens in a text", sorted(models), dataset),
        "by_unknown": _quarters(varied, "by_unknown", "unknown words in a text", sorted(models), dataset),
        "confusion": {
            name: plots.confusion(model["confusion"], list(model["by_class"]), f"{dataset}-confusion-{name}", name)
            for name, model in varied.items()
        },
        "lengths": plots.lengths(found["lengths"], f"{dataset}-lengths"),
    }


def _quarters(models: dict[str, dict], key: str, what: str, colours: list[str], dataset: str) -> str | None:
    ranges = [quarter_range(row, key) for row in next(iter(models.values()), {}).get(key, [])]
    if len(ranges) < 2:
        return None
    accuracies = {name: [row["accuracy"] for row in model[key]] for name, model in models.items()}
    return plots.quarters(accuracies, ranges, what, colours, f"{dataset}-{key}")


def quarter_range(row: dict, key: str) -> str:
    """Word what a quarter of the texts holds: 2–14 tokens, or 0–4.2 % unknown words."""
    low, high = (round(100 * row[end], 1) if key == "by_unknown" else row[end] for end in ("from", "to"))
    told = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return f"{told} %" if key == "by_unknown" else told


def shaded(text: str, tokens: list[dict]) -> list[tuple[str, float | None, float]]:
    """Return a text in pieces, each with its weight and its shade; between tokens both are None and 0.

    Shades go from 0 to 1, which the text's largest weight has. What comes after the last token is left out.
    """
    largest = max((token["weight"] for token in tokens), default=0) or 1
    pieces, place = [], 0
    for token in tokens:
        word = " ".join(token["token"].split())  # as the text, which holds no line breaks
        start = text.find(word, place)
        if not word or start < 0:
            continue
        if start > place:
            pieces.append((text[place:start], None, 0.0))
        pieces.append((word, token["weight"], max(token["weight"], 0) / largest))
        place = start + len(word)
    return [*pieces, (" …", None, 0.0)] if text[place:].strip() else pieces
