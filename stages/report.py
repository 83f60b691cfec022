"""All results → a page for readers, a page of texts, a leaderboard, and a summary for machines.

`reports/index.html` holds no texts of the data, which may not be passed on; `reports/examples.html` does.

`reports/summary.json` holds no timings, so that the same results give the same bytes, and its keys are kept stable.
All of them lie below `datasets.<dataset>`:

| key                               | value                                                                       |
|-----------------------------------|-----------------------------------------------------------------------------|
| best                              | the model with the best validation figure                                   |
| best_baseline                     | the baseline with the best validation figure; null   where there is none    |
| verdict                           | a sentence: does `best` beat `best_baseline`?                               |
| signature                         | what the figures of `best` were measured on: {part, split, items, seeds, …} |
| models.<model>.baseline           | whether the model is a baseline                                             |
| models.<model>.validation_<figure> | mean over seeds of the figure that chooses: the first metric               |
| models.<model>.size               | number of parameters                                                        |
| models.<model>.bytes              | of the saved model: all its seeds and its tokenizer                         |
| models.<model>.metrics.<metric>   | {mean, low, high, sd, seeds} on the test part: the mean over seeds, the     |
|                                   | interval's ends, the standard deviation over seeds, and how many seeds      |
| models.<model>.against_baseline   | {difference, low, high, p, p_corrected} of that figure against              |
|                                   | `best_baseline`; left out for `best_baseline` itself and where there is     |
|                                   | none; p_corrected: after Holm's correction over all pairs of models         |
| pairs                             | a list, for every pair of models {one, other, difference, low, high, p,     |
|                                   | p_corrected} of their test figures, `one` less `other`                      |
| claims                            | a list, for every claim of the notes {words, better, worse, texts, items,   |
|                                   | <figure>, other_<figure>, difference, low, high, p, holds}: on `texts` (all |
|                                   | or the shortest or longest quarter), does `better` beat `worse`? holds:     |
|                                   | yes, no (the contrary is proven) or not proven                              |

The metrics of classification are accuracy, macro_f1, log_loss and calibration_error, those of generation
bits_per_character and word_perplexity, those of forecasting mase, mae, rmse, smape, mse_standardised,
mae_standardised, pinball, coverage_80 and coverage_95,
those of seq2seq word_error_rate (the share of outputs that are no reference),
phone_error_rate (edits a unit, of phones or words; it decides), bleu, chrf (both from 0 to 100) and exact_match.
"""

from importlib import import_module
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.classification.plots import NUMBERED
from stages.classification.report import quarter_range, shaded
from stages.console import run
from stages.files import write_json, write_text
from stages.gathering import REPORTS, claims
from stages.params import Params, load
from stages.schema import TASKS
from stages.wording import escape_markdown, interval, megabytes, probability, signature_line

LEADERBOARD = ("Against the best baseline", "p", "Parameters", "MB", "Seeds")  # columns after the metrics
PAIR = ("one", "other", "difference", "low", "high", "p", "p_corrected")


def report() -> None:
    """Write the report's pages, the leaderboard and the summary."""
    params = load()
    confidence, datasets = params.evaluation.confidence, gather(params)
    templates = environment(datasets, confidence)
    write_json(REPORTS / "summary.json", summary(datasets))
    write_text(REPORTS / "leaderboard.md", leaderboard(datasets, confidence))
    write_text(REPORTS / "examples.html", templates.get_template("examples.html.j2").render())
    write_text(REPORTS / "index.html", index(templates, datasets))
    print(f"{REPORTS / 'index.html'}: {', '.join(datasets)}")


def gather(params: Params) -> dict[str, dict]:
    """Return what was found out about every dataset, with its `task` and the titles of its `metrics`."""
    found = {}
    for task in TASKS:
        section, module = getattr(params, task), import_module(f"stages.{task}.report")
        told = {"task": task, "metrics": import_module(f"stages.{task}.comparison").METRICS}
        for dataset in section.datasets:
            found[dataset] = module.gather(dataset, section.model_names(), params.evaluation.confidence) | told
    return found


def summary(datasets: dict[str, dict]) -> dict:
    """Return the summary for machines; this module's docstring tells its keys."""
    return {"datasets": {dataset: _summary_of_dataset(found) for dataset, found in datasets.items()}}


def _summary_of_dataset(found: dict) -> dict:
    compared, models = found["compare"], found["models"]
    return {key: compared[key] for key in ("best", "best_baseline", "verdict", "signature")} | {
        "models": {name: _summary_of_model(models[name], found) for name in sorted(models)},
        "pairs": [{key: pair[key] for key in PAIR} for pair in compared["pairs"]],
        "claims": compared["claims"],
    }


def _summary_of_model(model: dict, found: dict) -> dict:
    validation = f"validation_{found['measure'].name}"
    told = {key: model[key] for key in ("baseline", validation, "size", "bytes")}
    told["metrics"] = {
        metric: {key: model["metrics"][metric][key] for key in ("mean", "low", "high", "sd", "seeds")}
        for metric in found["metrics"]
    }
    if "against_baseline" in model:
        told["against_baseline"] = {key: model["against_baseline"][key] for key in PAIR[2:]}
    return told


def leaderboard(datasets: dict[str, dict], confidence: float) -> str:
    """Return Markdown with a table a dataset, the best test accuracy on top."""
    lines = [
        "# Leaderboard",
        "",
        f"Means over seeds on the test part, with {100 * confidence:g} % intervals over items and seeds. "
        "↓: lower is better. Against the best baseline: the difference in the first figure (of accuracy in points); "
        "p after Holm's correction over all pairs of models of a dataset. MB: the saved model, all its seeds.",
    ]
    for dataset, found in datasets.items():
        header = ["Model", *found["metrics"].values(), *LEADERBOARD]
        rows = [header, ["---", *["---:"] * (len(header) - 1)]]
        rows += [_leaderboard_row(name, model, found) for name, model in found["models"].items()]
        lines += ["", f"## {escape_markdown(dataset)}", "", escape_markdown(found["compare"]["verdict"]), ""]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines += ["", f"<sub>{escape_markdown(signature_line(found['compare']))}</sub>"]
    return "\n".join(lines) + "\n"


def _leaderboard_row(name: str, model: dict, found: dict) -> list[str]:
    compared, measure = found["compare"], found["measure"]
    marks = [mark for mark, holds in _marks(name, model, compared).items() if holds]
    shown = f"**{escape_markdown(name)}**" if name == compared["best"] else escape_markdown(name)
    versus = model.get("against_baseline")
    return [
        shown + (f" ({', '.join(marks)})" if marks else ""),
        *(interval(model["metrics"][metric]) for metric in found["metrics"]),
        measure.versus(versus) if versus else "–",
        probability(versus["p_corrected"]) if versus else "–",
        f"{model['size']:,}",
        megabytes(model["bytes"]),
        str(model["metrics"][measure.name]["seeds"]),
    ]


def _marks(name: str, model: dict, compared: dict) -> dict[str, bool]:
    return {
        "chosen on validation": name == compared["best"],
        "best baseline": name == compared["best_baseline"],
        "baseline": model["baseline"] and name != compared["best_baseline"],
        "an upper bound": model["signature"].get("bound", False),
    }


def environment(datasets: dict[str, dict], confidence: float) -> Environment:
    """Return the pages' templates, which escape whatever comes from the data and load nothing."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words = (interval, megabytes, probability, quarter_range, shaded, signature_line)
    templates.filters |= {word.__name__: word for word in words}
    shared = {"datasets": datasets, "confidence": f"{100 * confidence:g} %", "alpha": f"{1 - confidence:g}"}
    templates.globals |= shared | {"marks": _marks}
    return templates


def index(templates: Environment, datasets: dict[str, dict]) -> str:
    """Return the report page."""
    pictures = {
        dataset: import_module(f"stages.{found['task']}.report").draw(dataset, found)
        for dataset, found in datasets.items()
    }
    told = {"pictures": pictures, "claims": claims(datasets), "numbered": NUMBERED}
    return templates.get_template("report.html.j2").render(told)


if __name__ == "__main__":
    run(report)
