"""The task's part of the report: forecasts, errors by step, and residuals."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.config.dataset import Dataset
from stages.reporting.context import read_table
from stages.reporting.svg import ACCENT, INK, inline, legend, look, new_axes, styled


def add_plots(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> None:
    """Add to each model its plots `forecasts` and `residuals` as tables."""
    for name, model in models.items():
        model["forecasts"] = read_table(dataset.plot("forecasts", name))
        model["residuals"] = read_table(dataset.plot("residuals", name))


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `by_step`, `residuals`, and `forecasts` by model and window.

    Forecasts are those of the chosen model and of the best baseline.
    """
    compared, models, name = context["compare"], context["models"], dataset.name
    shown = dict.fromkeys(model for model in (compared["best"], compared["best_baseline"]) if model)
    steps = {model: models[model]["by_step"] for model in sorted(models)}
    residuals = {model: models[model]["residuals"] for model in sorted(models)}
    return {
        "by_step": error_by_step(steps, f"{name}-by-step"),
        "residuals": residual_histogram(residuals, f"{name}-residuals"),
        "forecasts": {model: _windows(name, model, models[model]["forecasts"]) for model in shown},
    }


def _windows(dataset: str, model: str, table: pd.DataFrame) -> dict[str, str]:
    return {
        str(window): forecast_window(rows, f"{dataset}-{model}-forecast-{number}", model)
        for number, (window, rows) in enumerate(table.groupby("window", sort=False))
    }


@styled
def error_by_step(models: Mapping[str, list[dict[str, float]]], name: str) -> str:
    """Return a line for each model: its MASE by the step of the horizon.

    Args:
        models: of each model rows {step, mase, …}.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.6)
    handles = []
    for number, (model, rows) in enumerate(models.items()):
        steps, errors = [row["step"] for row in rows], [row["mase"] for row in rows]
        handles += axes.plot(steps, errors, label=model, linewidth=1.4, **look(number))
    axes.set(xlabel="step of the horizon", ylabel="MASE")
    axes.set_ylim(bottom=0)
    legend(figure, handles)
    ends = (f"{model} {rows[0]['mase']:.2f} to {rows[-1]['mase']:.2f}" for model, rows in models.items())
    return inline(figure, name, f"MASE by step, from the first to the last: {'; '.join(ends)}")


@styled
def forecast_window(table: pd.DataFrame, name: str, model: str) -> str:
    """Return one window: what was known, what came, the median and the 80 and 95 % intervals.

    Args:
        table: columns window, step, truth, median, low_80, high_80, low_95, high_95.
        name: of the picture, its own on the page.
        model: whose forecast it is.
    """
    figure, axes = new_axes(2.4)
    coming = table[table["step"] > 0]
    for level, opacity in (("95", 0.15), ("80", 0.25)):
        low, high = coming[f"low_{level}"], coming[f"high_{level}"]
        axes.fill_between(coming["step"], low, high, color=ACCENT, alpha=opacity, linewidth=0)
    truth = axes.plot(table["step"], table["truth"], color=INK, linewidth=1.2, label="truth")
    median = axes.plot(coming["step"], coming["median"], color=ACCENT, linewidth=1.6, label=f"{model}, median")
    axes.set_xlabel("steps from the forecast's origin")
    legend(figure, [*truth, *median])
    window = table["window"].iloc[0]
    return inline(figure, name, f"Forecast of {model}, {window}, from {table['time'].iloc[0]} on")


@styled
def residual_histogram(models: Mapping[str, pd.DataFrame], name: str) -> str:
    """Return how the residuals of the median are distributed, a line for each model.

    Args:
        models: of each model the columns error (in the scaler's units) and share.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.2)
    handles = []
    for number, (model, table) in enumerate(models.items()):
        handles += axes.step(table["error"], table["share"], where="mid", label=model, linewidth=1.2, **look(number))
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel="truth minus median, in the scaler’s units", ylabel="share of values")
    legend(figure, handles)
    return inline(figure, name, f"Residuals of {', '.join(models)}")
