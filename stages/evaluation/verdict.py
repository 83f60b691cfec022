"""The answer in words: does the best model beat the best baseline?"""

from collections.abc import Mapping
from typing import Any

from stages.config.schema import EvaluationConfig
from stages.evaluation.metric import Metric
from stages.evaluation.significance import significant


def verdict(outcome: Mapping[str, Any], primary: Metric, config: EvaluationConfig) -> str:
    """Say whether the best model beats the best baseline, with the numbers that decide it, and which others do.

    Args:
        outcome: the comparison: `best`, `best_baseline`, and of all `models` their metrics and `against_baseline`.
        primary: the metric that decides.
        config: how uncertainty is measured.
    """
    best, baseline, models = outcome["best"], outcome["best_baseline"], outcome["models"]
    mean = primary.format.format(models[best]["metrics"][primary.name]["mean"])
    if baseline is None:
        return f"{best} is the best on validation (test {primary.words} {mean}); there is no baseline to compare with."
    if best == baseline:
        return f"No model beats the baseline {baseline} on validation (its test {primary.words}: {mean}); use it."
    versus = models[best]["against_baseline"]
    difference = (
        f"{primary.size(versus['difference'])} {primary.unit}, {config.confidence:.0%} interval of the "
        f"difference {primary.signed(versus['low'])} to {primary.signed(versus['high'])}, "
        f"p = {versus['p_corrected']:.2g} after correction"
    )
    better = primary.gain(versus["difference"]) > 0
    if not significant(versus, config.confidence):
        ahead = "ahead of" if better else "behind"
        sentence = f"{best}, the best on validation, is {ahead} the baseline {baseline} by {difference}: not proven."
    else:
        sentence = f"{best} {'beats' if better else 'loses to'} the baseline {baseline} by {difference}."
    return sentence + _others(outcome, primary, config)


def _others(outcome: Mapping[str, Any], primary: Metric, config: EvaluationConfig) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    baseline = outcome["best_baseline"]
    others = {
        name: model["against_baseline"]
        for name, model in outcome["models"].items()
        if not model["baseline"] and name != outcome["best"]
    }
    ahead = [
        name
        for name, row in others.items()
        if primary.gain(row["difference"]) > 0 and significant(row, config.confidence)
    ]
    behind = [name for name in others if name not in ahead]
    parts = [f" Also better than {baseline}: {', '.join(ahead)}."] if ahead else []
    parts += [f" Not shown to be better than {baseline}: {', '.join(behind)}."] if behind else []
    return "".join(parts)
