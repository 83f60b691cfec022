"""The answer in words: does the best model beat the best baseline?"""

from collections.abc import Mapping
from typing import Any

from stages.config.schema import EvaluationConfig
from stages.evaluation.metric import Metric
from stages.evaluation.significance import significant


def verdict(outcome: Mapping[str, Any], primary: Metric, config: EvaluationConfig) -> str:
    """Say whether the best model beats the best baseline, with the numbers that decide it, and which others do.

    Both are the best on validation. Nothing is said against a model that was still improving when its training ended.

    Args:
        outcome: the comparison: `best`, `best_baseline`, and of all `models` their metrics, `still_improving` and
            `against_baseline`.
        primary: the metric that decides.
        config: how uncertainty is measured.
    """
    best, baseline, models = outcome["best"], outcome["best_baseline"], outcome["models"]
    mean = primary.format.format(models[best]["metrics"][primary.name]["mean"])
    if baseline is None:
        sentence = (
            f"{best} is the best on validation (test {primary.words} {mean}); there is no baseline to compare with."
        )
    elif best == baseline:
        open_ended = any(model["still_improving"] for model in models.values())
        advice = "." if open_ended else "; use it."
        sentence = f"No model beats the baseline {baseline} on validation (its test {primary.words}: {mean}){advice}"
    else:
        sentence = _difference(outcome, primary, config) + _others(outcome, primary, config)
    return sentence + _unfinished(outcome)


def _difference(outcome: Mapping[str, Any], primary: Metric, config: EvaluationConfig) -> str:
    """Say by how much the best model, which is no baseline, is ahead of the best baseline."""
    best, model = outcome["best"], outcome["models"][outcome["best"]]
    versus, baseline = model["against_baseline"], f"{outcome['best_baseline']}, the best baseline on validation,"
    difference = (
        f"by {primary.size(versus['difference'])} {primary.unit}, {config.confidence:.0%} interval of the "
        f"difference {primary.signed(versus['low'])} to {primary.signed(versus['high'])}, "
        f"p = {versus['p_corrected']:.2g} after correction"
    )
    better = primary.gain(versus["difference"]) > 0
    if not significant(versus, config.confidence):
        ahead = "ahead of" if better else "behind"
        return f"{best}, the best on validation, is {ahead} {baseline} {difference}: not proven."
    if better or not model["still_improving"]:
        return f"{best} {'beats' if better else 'loses to'} {baseline} {difference}."
    return f"{best}, the best on validation, is behind {baseline} {difference}, but was still improving."


def _others(outcome: Mapping[str, Any], primary: Metric, config: EvaluationConfig) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    baseline = outcome["best_baseline"]
    others = {
        name: model for name, model in outcome["models"].items() if not model["baseline"] and name != outcome["best"]
    }
    ahead = [name for name, model in others.items() if _beats(model["against_baseline"], primary, config)]
    behind = [name for name, model in others.items() if name not in ahead and not model["still_improving"]]
    parts = [f" Also better than {baseline}: {', '.join(ahead)}."] if ahead else []
    parts += [f" Not shown to be better than {baseline}: {', '.join(behind)}."] if behind else []
    return "".join(parts)


def _beats(row: dict[str, float], primary: Metric, config: EvaluationConfig) -> bool:
    return primary.gain(row["difference"]) > 0 and significant(row, config.confidence)


def _unfinished(outcome: Mapping[str, Any]) -> str:
    """Name the models of which more training might make more."""
    names = [name for name, model in outcome["models"].items() if model["still_improving"]]
    if not names:
        return ""
    return f" Still improving when training ended, so more epochs may help: {', '.join(names)}."
