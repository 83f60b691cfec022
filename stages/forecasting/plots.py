"""Pictures of forecasts."""

import pandas as pd

from stages.pictures import ACCENT, INK, inline, legend, look, new_axes, styled


@styled
def by_step(models: dict[str, list[dict]], name: str) -> str:
    """Return a line a model: its MASE by the step of the horizon.

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
    told = (f"{model} {rows[0]['mase']:.2f} to {rows[-1]['mase']:.2f}" for model, rows in models.items())
    return inline(figure, name, f"MASE by step, from the first to the last: {'; '.join(told)}")


@styled
def forecast(table: pd.DataFrame, name: str, model: str) -> str:
    """Return one window: what was known, what came, the median and the 80 and 95 % intervals.

    Args:
        table: columns window, step, truth, median, low_80, high_80, low_95, high_95.
        name: of the picture, its own on the page.
        model: whose forecast it is.
    """
    figure, axes = new_axes(2.4)
    coming = table[table["step"] > 0]
    for ends, opacity in (("95", 0.15), ("80", 0.25)):
        axes.fill_between(
            coming["step"], coming[f"low_{ends}"], coming[f"high_{ends}"], color=ACCENT, alpha=opacity, linewidth=0
        )
    truth = axes.plot(table["step"], table["truth"], color=INK, linewidth=1.2, label="truth")
    median = axes.plot(coming["step"], coming["median"], color=ACCENT, linewidth=1.6, label=f"{model}, median")
    axes.set_xlabel("steps from the forecast's origin")
    legend(figure, [*truth, *median])
    window = table["window"].iloc[0]
    return inline(figure, name, f"Forecast of {model}, {window}, from {table['time'].iloc[0]} on")


@styled
def residuals(models: dict[str, pd.DataFrame], name: str) -> str:
    """Return how the errors of the median are spread, a line a model.

    Args:
        models: of each model the columns error (in the scaler's units) and share.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.2)
    handles = []
    for number, (model, table) in enumerate(models.items()):
        handles += axes.step(table["error"], table["share"], where="mid", label=model, linewidth=1.2, **look(number))
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel="truth less median, in the scaler’s units", ylabel="share of values")
    legend(figure, handles)
    return inline(figure, name, f"Errors of {', '.join(models)}")
