"""The answer in words: does the best model beat the baselines, and what does the answer rest on?"""

from collections.abc import Mapping
from typing import Any

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import clear, probability, proven, turned
from stages.evaluation.uncertainty import FEW

Outcome = Mapping[str, Any]


def verdict(outcome: Outcome, primary: Metric, confidence: float) -> str:
    """Say whether the best model beats the baselines, with the numbers that decide it, and which others do.

    The best model and the best baseline are those on validation. To beat the baselines is to beat each of them, so
    each is tested (Berger 1982 on intersection-union tests). Nothing is said against a model that was still improving
    when its training ended.

    Args:
        outcome: the comparison: `best`, `best_baseline`, `pairs`, `sample`, and of all `models` their metrics,
            `baseline` and `still_improving`.
        primary: the metric that decides.
        confidence: with which a difference is proven.
    """
    best, baseline, models = outcome["best"], outcome["best_baseline"], outcome["models"]
    mean = primary.format.format(models[best]["metrics"][primary.name]["mean"])
    if baseline is None:
        sentence = (
            f"{best} is the best on validation (test {primary.words} {mean}); there is no baseline to compare with."
        )
    elif best == baseline:
        sentence = f"No model beats the baseline {baseline} on validation (its test {primary.words}: {mean})"
        sentence += _on_test(outcome, primary, confidence)
    else:
        sentence = _difference(outcome, primary, confidence) + _others(outcome, primary, confidence)
    return sentence + _few(outcome) + _unfinished(outcome)


def beats_baselines(outcome: Outcome, primary: Metric, confidence: float) -> bool:
    """Tell whether the best model is proven to be ahead of every baseline, of which there is one at least."""
    best, baselines = outcome["best"], _names(outcome, baseline=True)
    return bool(baselines) and all(_beats(outcome, best, other, primary, confidence) for other in baselines)


def _on_test(outcome: Outcome, primary: Metric, confidence: float) -> str:
    """Go on where a baseline is the best on validation: does any network beat it on test?"""
    baseline, networks = outcome["best_baseline"], _names(outcome, baseline=False)
    if not networks:
        return "."
    if ahead := [name for name in networks if _beats(outcome, name, baseline, primary, confidence)]:
        return f", but on test {' and '.join(ahead)} {'is' if len(ahead) == 1 else 'are'} ahead of it, proven."
    if all(_beats(outcome, baseline, name, primary, confidence) for name in networks):
        words = "; on test it is ahead of every network"
    else:
        words = "; on test no network is proven to be ahead of it"
    open_ended = any(model["still_improving"] for model in outcome["models"].values())
    return words + ("." if open_ended else ": use it.")


def _difference(outcome: Outcome, primary: Metric, confidence: float) -> str:
    """Say by how much the best model, which is no baseline, is ahead of the best baseline, and of which others."""
    best, model = outcome["best"], outcome["models"][outcome["best"]]
    row, baseline = model["against_baseline"], f"{outcome['best_baseline']}, the best baseline on validation,"
    better = primary.gain(row["difference"]) > 0
    size = f"by {primary.size(row['difference'])} {primary.unit}"
    position = f"{best}, the best on validation, is {'ahead of' if better else 'behind'} {baseline} {size}"
    if row["p"] is None:
        return f"{position}: too few independent items to tell whether that is chance."
    size += (
        f", {confidence:.0%} interval of the difference {primary.signed(row['low'])} to {primary.signed(row['high'])}, "
        f"p {_p(row['p_corrected'])} after correction"
    )
    position = f"{best}, the best on validation, is {'ahead of' if better else 'behind'} {baseline} {size}"
    if not clear(row, confidence):
        return f"{position}: not proven."
    if not better and model["still_improving"]:
        return f"{position}, but was still improving."
    if not row["over_seeds"]:
        return f"{position}: true of these trained models, but one seed does not tell what others would give."
    if not better:
        return f"{best} loses to {baseline} {size}."
    return f"{best} beats {baseline} {size}{_other_baselines(outcome, primary, confidence)}."


def _other_baselines(outcome: Outcome, primary: Metric, confidence: float) -> str:
    best = outcome["best"]
    others = [name for name in _names(outcome, baseline=True) if name != outcome["best_baseline"]]
    if not others:
        return ""
    if left := [name for name in others if not _beats(outcome, best, name, primary, confidence)]:
        return f", but is not proven to be ahead of {' and '.join(left)}"
    return ", and every other baseline"


def _others(outcome: Outcome, primary: Metric, confidence: float) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    baseline, models = outcome["best_baseline"], outcome["models"]
    others = [name for name in _names(outcome, baseline=False) if name != outcome["best"]]
    ahead = [name for name in others if _beats(outcome, name, baseline, primary, confidence)]
    behind = [name for name in others if name not in ahead and not models[name]["still_improving"]]
    parts = [f" Also better than {baseline}: {', '.join(ahead)}."] if ahead else []
    parts += [f" Not shown to be better than {baseline}: {', '.join(behind)}."] if behind else []
    return "".join(parts)


def _p(value: float) -> str:
    words = probability(value)
    return words if words.startswith("<") else f"= {words}"


def _names(outcome: Outcome, baseline: bool) -> list[str]:
    return [name for name, model in outcome["models"].items() if model["baseline"] is baseline]


def _beats(outcome: Outcome, name: str, other: str, primary: Metric, confidence: float) -> bool:
    row = turned(outcome["pairs"], name, other)
    return primary.gain(row["difference"]) > 0 and proven(row, confidence)


def _few(outcome: Outcome) -> str:
    """Say what the answer rests on, where that is little."""
    sample = outcome["sample"]
    return f" This rests on {sample['words']}." if sample["independent"] < FEW else ""


def _unfinished(outcome: Outcome) -> str:
    """Name the models of which more training might make more."""
    names = [name for name, model in outcome["models"].items() if model["still_improving"]]
    if not names:
        return ""
    return f" Still improving when training ended, so more epochs may help: {', '.join(names)}."
