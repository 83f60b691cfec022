"""The results as `summary.json` for machines, documented in docs/summary.md, and as a leaderboard in Markdown."""

from collections.abc import Mapping
from typing import Any

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import NUMBERS, probability
from stages.reporting.formatting import escape_markdown, interval, megabytes, signature_line

LEADERBOARD = ("Against the best baseline", "p", "Parameters", "MB", "Seeds")  # columns after the metrics
PAIR = ("one", "other", *NUMBERS)
Contexts = Mapping[str, Mapping[str, Any]]  # of each dataset what is known of it, with its `task`


def summary(contexts: Contexts) -> dict[str, Any]:
    """Return the summary for machines. It holds no timings, so that the same results give the same bytes."""
    return {"datasets": {dataset: _of_dataset(context) for dataset, context in contexts.items()}}


def _of_dataset(context: Mapping[str, Any]) -> dict[str, Any]:
    compared, models = context["compare"], context["models"]
    return {key: compared[key] for key in ("best", "best_baseline", "verdict", "sample", "by_group", "signature")} | {
        "models": {name: _of_model(models[name], context["task"].metrics) for name in sorted(models)},
        "pairs": [{key: pair[key] for key in PAIR} for pair in compared["pairs"]],
        "hypotheses": context["hypotheses"],
    }


def _of_model(model: Mapping[str, Any], metrics: tuple[Metric, ...]) -> dict[str, Any]:
    content = {
        key: model[key]
        for key in ("baseline", "still_improving", f"validation_{metrics[0].name}", "num_params", "bytes")
    }
    content["metrics"] = {
        metric.name: {key: model["metrics"][metric.name][key] for key in ("mean", "low", "high", "sd", "seeds")}
        for metric in metrics
    }
    if "against_baseline" in model:
        content["against_baseline"] = {key: model["against_baseline"][key] for key in NUMBERS}
    return content


def leaderboard(
    contexts: Contexts, results: Mapping[str, Mapping[str, Any]], left_out: Mapping[str, str], confidence: float
) -> str:
    """Return Markdown: the answers for all datasets, then a table for each, the best model on test on top."""
    primary = {dataset: context["task"].primary for dataset, context in contexts.items()}
    lines = ["# Leaderboard", "", *answers(results, primary, confidence), ""]
    lines += [
        f"- {escape_markdown(dataset)}: {escape_markdown(result['verdict'])}" for dataset, result in results.items()
    ]
    if left_out:
        named = (f"{escape_markdown(dataset)} ({escape_markdown(reason)})" for dataset, reason in left_out.items())
        lines += ["", f"Left out: {', '.join(named)}."]
    lines += [
        "",
        f"Means over seeds on the test part, with {100 * confidence:g} % intervals over items and seeds "
        "(docs/statistics.md). ↓: lower is better. The best baseline is the one that is best on validation. Against "
        "it: the difference in the first metric, rates in points; p after Holm's correction over all pairs of models "
        "of a dataset. MB: the saved model, all its seeds.",
    ]
    for dataset, context in contexts.items():
        header = ["Model", *(metric.heading for metric in context["task"].metrics), *LEADERBOARD]
        rows = [header, ["---", *["---:"] * (len(header) - 1)]]
        rows += [_row(name, model, context) for name, model in context["models"].items()]
        lines += ["", f"## {escape_markdown(dataset)}", ""]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines += ["", f"<sub>{escape_markdown(signature_line(context['compare']))}</sub>"]
    return "\n".join(lines) + "\n"


def answers(results: Mapping[str, Mapping[str, Any]], primary: Mapping[str, Metric], confidence: float) -> list[str]:
    """Return a table in Markdown: each dataset's best model, beside its best baseline.

    Args:
        results: of each dataset its part of the summary.
        primary: of each dataset the metric that decides.
        confidence: of the intervals.
    """
    mean = f"Mean [{100 * confidence:g} % interval]"
    rows: list[tuple[str, ...]] = [
        ("Test part of", "Best on validation", mean, "Best baseline on validation", "Difference [interval]"),
        ("---", "---", "---:", "---", "---:"),
    ]
    rows += [_answer(dataset, result, primary[dataset]) for dataset, result in results.items()]
    return [f"| {' | '.join(row)} |" for row in rows]


def _answer(dataset: str, result: Mapping[str, Any], primary: Metric) -> tuple[str, ...]:
    best, baseline, models = result["best"], result["best_baseline"], result["models"]
    means = {name: models[name]["metrics"][primary.name] for name in (best, baseline) if name}
    versus = models[best].get("against_baseline")
    return (
        f"{escape_markdown(dataset)}: {primary.heading}",
        f"`{best}`",
        interval(means[best]),
        f"`{baseline}` {interval(means[baseline])}" if baseline else "none",
        primary.versus(versus) if versus else "is the baseline" if baseline else "–",
    )


def _row(name: str, model: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    compared, task = context["compare"], context["task"]
    holding = [mark for mark, holds in marks(name, model, compared).items() if holds]
    shown = f"**{escape_markdown(name)}**" if name == compared["best"] else escape_markdown(name)
    versus = model.get("against_baseline")
    return [
        shown + (f" ({', '.join(holding)})" if holding else ""),
        *(interval(model["metrics"][metric.name]) for metric in task.metrics),
        task.primary.versus(versus) if versus else "–",
        probability(versus["p_corrected"]) if versus else "–",
        f"{model['num_params']:,}",
        megabytes(model["bytes"]),
        str(model["metrics"][task.primary.name]["seeds"]),
    ]


def marks(name: str, model: Mapping[str, Any], compared: Mapping[str, Any]) -> dict[str, bool]:
    """Return what stands beside a model's name, and whether it holds."""
    return {
        "chosen on validation": name == compared["best"],
        "best baseline on validation": name == compared["best_baseline"],
        "baseline": model["baseline"] and name != compared["best_baseline"],
        "still improving": model["still_improving"],
        "an upper bound": model["signature"].get("upper_bound", False),
    }
