"""What the stages found out about datasets of texts, gathered for the report's pages."""

from stages import charts
from stages.classification import plots
from stages.classification.comparison import MEASURE
from stages.files import read_json
from stages.gathering import REPORTS, gather_comparison, read_table


def gather(dataset: str, names: list[str], confidence: float) -> dict:
    """Return all that the stages before wrote about a dataset of texts.

    Returns:
        What `gather_comparison` returns, with `tokens`, `lengths` as a table, and of each model its `examples` and
        `confusion` as a table.
    """
    found = gather_comparison(dataset, names, MEASURE, confidence)
    # Labels are texts, even those that look like numbers or like missing values.
    as_text = {"dtype": str, "keep_default_na": False}
    for name, model in found["models"].items():
        model["examples"] = read_json(REPORTS / "examples" / dataset / f"{name}.json")
        model["confusion"] = read_table(REPORTS / "plots/confusion" / dataset / f"{name}.csv", **as_text)
    return found | {
        "tokens": read_json(REPORTS / "tokens" / f"{dataset}.json"),
        "lengths": read_table(REPORTS / "plots/lengths" / f"{dataset}.csv"),
    }


def draw(dataset: str, found: dict) -> dict:
    """Return a dataset's pictures as SVG.

    They are `intervals`, `cost`, `lengths`, `by_length` and `by_unknown` (None where there is nothing to compare),
    `curves` (by figure; of the models that were trained in epochs) and `confusion` (by model). Models that always
    give the same answer are left out, for they would leave no room for the others, save from `intervals` where they
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
        "intervals": charts.intervals(
            {name: accuracy[name] for name in models if name in {*varied, best, baseline}},
            MEASURE,
            best,
            baseline,
            f"{dataset}-accuracy",
        ),
        "cost": charts.cost({name: accuracy[name] for name in varied}, MEASURE, seconds, best, f"{dataset}-cost")
        if varied
        else None,
        "curves": {column: charts.curves(trained, column, level, f"{dataset}-{column}") for column in columns},
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
