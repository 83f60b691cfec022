"""The answer in words: does the best model beat the baselines, and what does the answer rest on?"""

from collections.abc import Mapping, Sequence
from typing import Any

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import clear, probability, proven, turned
from stages.evaluation.uncertainty import FEW

Comparison = Mapping[str, Any]
ONE_SEED = "true of these trained models, but one seed does not tell what others would give"


def verdict(comparison: Comparison, primary: Metric, confidence: float) -> str:
    """Say whether the best model beats the baselines, with the numbers that decide it, and which others do.

    The best model and the best baseline are those on validation. To beat the baselines is to beat each of them, so
    each is tested (Berger 1982 on intersection-union tests). Nothing is said against a model that was still improving
    when its training ended.

    Args:
        comparison: `best`, `best_baseline`, `pairs`, `sample`, and of all `models` their metrics,
            `baseline` and `still_improving`.
        primary: the metric that decides.
        confidence: with which a difference is proven.
    """
    best, baseline, models = comparison["best"], comparison["best_baseline"], comparison["models"]
    mean = primary.format.format(models[best]["metrics"][primary.name]["mean"])
    if baseline is None:
        sentence = (
            f"{best} is the best on validation (test {primary.words} {mean}); there is no baseline to compare with."
        )
    elif best == baseline:
        sentence = f"{best}, a baseline, is the best on validation (test {primary.words}: {mean})."
        sentence += _on_test(comparison, primary, confidence)
    else:
        sentence = _difference(comparison, primary, confidence) + _others(comparison, primary, confidence)
    return sentence + _few(comparison) + _unfinished(comparison)


def beats_baselines(comparison: Comparison, primary: Metric, confidence: float) -> bool:
    """Tell whether the best model is a network that is proven to be ahead of every baseline, of which there is one."""
    best, baselines = comparison["best"], _names(comparison, baseline=True)
    if not baselines or best in baselines:
        return False
    return all(_beats(comparison, best, other, primary, confidence) for other in baselines)


def _on_test(comparison: Comparison, primary: Metric, confidence: float) -> str:
    """Go on where a baseline is the best on validation: is any other model ahead of it on test?"""
    baseline, networks = comparison["best_baseline"], _names(comparison, baseline=False)
    rows = {name: turned(comparison["pairs"], name, baseline) for name in comparison["models"] if name != baseline}
    ahead = {name: row for name, row in rows.items() if primary.gain(row["difference"]) > 0 and clear(row, confidence)}
    shown = [name for name in ahead if proven(ahead[name], confidence)]
    if not networks:
        return ""
    if shown:
        return f" On test {_list(shown)} {_is(shown)} proven to be ahead of it."
    if ahead:
        return f" On test {_list(ahead)} {_is(ahead)} ahead of it: {ONE_SEED}."
    if all(row["p"] is None for row in rows.values()):
        return " The test part has too few independent items to tell whether any other model is ahead of it."
    open_ended = any(model["still_improving"] for model in comparison["models"].values())
    every = all(_beats(comparison, baseline, name, primary, confidence) for name in networks)
    words = " On test it is proven to be ahead of every network" if every else " On test no model is proven to be ahead"
    return words + ("." if open_ended else ": use it.")


def _difference(comparison: Comparison, primary: Metric, confidence: float) -> str:
    """Say by how much the best model, which is no baseline, is ahead of the best baseline, and of which others."""
    best, row = comparison["best"], comparison["models"][comparison["best"]]["against_baseline"]
    gain = primary.gain(row["difference"])
    where = "ahead of" if gain > 0 else "behind" if gain < 0 else "level with"
    baseline, size = f"{comparison['best_baseline']}, the best baseline on validation,", _size(row, primary, confidence)
    position = f"{best}, the best on validation, is {where} {baseline} {size}"
    if row["low"] is None:
        sentence = f"{position}: too few independent items to tell whether that is chance."
    elif row["p"] is None:
        sentence = f"{position}: its figure is a bound of what it would be, so nothing is proven."
    elif not clear(row, confidence):
        sentence = f"{position}: not proven."
    elif gain < 0 and comparison["models"][best]["still_improving"]:
        sentence = f"{position}, but was still improving."
    elif not row["over_seeds"]:
        sentence = f"{position}: {ONE_SEED}."
    elif gain < 0:
        sentence = f"{best} loses to {baseline} {size}."
    else:
        return f"{best} beats {baseline} {size}{_other_baselines(comparison, primary, confidence, wins=True)}"
    return sentence + _other_baselines(comparison, primary, confidence, wins=False)


def _size(row: Mapping[str, Any], primary: Metric, confidence: float) -> str:
    size = f"by {primary.size(row['difference'])} {primary.unit}"
    if row["low"] is None:
        return size
    size += (
        f", {confidence:.0%} interval of the difference {primary.signed(row['low'])} to {primary.signed(row['high'])}"
    )
    if row["p"] is None:
        return size
    p = probability(row["p_corrected"])
    return f"{size}, p {p if p.startswith('<') else f'= {p}'} after correction"


def _other_baselines(comparison: Comparison, primary: Metric, confidence: float, wins: bool) -> str:
    """Say of which other baselines the best model is ahead, where it `wins` against the best one, or behind."""
    best = comparison["best"]
    others = [name for name in _names(comparison, baseline=True) if name != comparison["best_baseline"]]
    behind = [name for name in others if _beats(comparison, name, best, primary, confidence)]
    if comparison["models"][best]["still_improving"]:
        behind = []
    lost = f" It is proven to be behind {_list(behind)}." if behind else ""
    if not wins:
        return lost
    left = [name for name in others if name not in behind and not _beats(comparison, best, name, primary, confidence)]
    if left:
        return f", but is not proven to be ahead of {_list(left)}.{lost}"
    return f", and every other baseline.{lost}" if others and not behind else f".{lost}"


def _others(comparison: Comparison, primary: Metric, confidence: float) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    baseline, models = comparison["best_baseline"], comparison["models"]
    others = [name for name in _names(comparison, baseline=False) if name != comparison["best"]]
    ahead = [name for name in others if _beats(comparison, name, baseline, primary, confidence)]
    behind = [name for name in others if name not in ahead and not models[name]["still_improving"]]
    parts = [f" Also better than {baseline}: {', '.join(ahead)}."] if ahead else []
    parts += [f" Not shown to be better than {baseline}: {', '.join(behind)}."] if behind else []
    return "".join(parts)


def _names(comparison: Comparison, baseline: bool) -> list[str]:
    return [name for name, model in comparison["models"].items() if model["baseline"] is baseline]


def _beats(comparison: Comparison, name: str, other: str, primary: Metric, confidence: float) -> bool:
    row = turned(comparison["pairs"], name, other)
    return primary.gain(row["difference"]) > 0 and proven(row, confidence)


def _list(names: Sequence[str] | Mapping[str, Any]) -> str:
    return " and ".join(names)


def _is(names: Sequence[str] | Mapping[str, Any]) -> str:
    return "is" if len(names) == 1 else "are"


def _few(comparison: Comparison) -> str:
    """Say what the answer rests on, where that is little."""
    sample = comparison["sample"]
    if sample["independent"] >= FEW:
        return ""
    return f" It rests on few independent items: {sample['items']:,} {sample['words']}."


def _unfinished(comparison: Comparison) -> str:
    """Name the models of which more training might make more."""
    names = [name for name, model in comparison["models"].items() if model["still_improving"]]
    if not names:
        return ""
    return f" Still improving when training ended, so more epochs may help: {', '.join(names)}."
