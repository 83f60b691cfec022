"""Forecasting: what comes next in time series, with intervals.

What reads tables or draws is imported where it is used: training has no need of pandas or Matplotlib.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.uncertainty import Ordered, Sampling
from stages.tasks.base import EvaluationResult, Findings, Preparation, Split, Task
from stages.tasks.forecasting.config import Reading, Section, SplitConfig, WindowConfig
from stages.tasks.forecasting.metrics import METRICS, per_seed
from stages.tasks.forecasting.modeling.contract import Forecaster
from stages.training.replica import Fit, Job

if TYPE_CHECKING:
    import pandas as pd

    from stages.data.table import Table
    from stages.tasks.forecasting.modeling.data import Prepared
    from stages.tasks.forecasting.modeling.saved import Saved
    from stages.tasks.guess import Guess, Sample


# The datasets of which the notes' hypotheses are asked.
ASKED = ("etth1", "air_passengers", "victoria_electricity")
HYPOTHESES = (
    Hypothesis("A recurrent network beats yesterday's value", "lstm", "naive", "all", ASKED),
    Hypothesis("A recurrent network beats the last season", "lstm", "seasonal_naive", "all", ASKED),
    Hypothesis("A recurrent network beats a straight line", "segment_rnn", "linear", "all", ASKED),
    Hypothesis("Gates keep a longer memory", "lstm", "rnn", "all", ASKED),
    Hypothesis("Gates keep a longer memory", "gru", "rnn", "all", ASKED),
    Hypothesis("Attention refers back to the past", "attention", "gru", "all", ASKED),
    Hypothesis("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all", ASKED),
)


class Forecasting(Task):
    """Forecast the next values of time series; models are measured on every window of the test part."""

    name = "forecasting"
    title = "forecasting"
    items = "windows"
    section = Section
    prepared = "window"
    preprocessor = "scaler.json"
    metrics = METRICS
    hypotheses = HYPOTHESES
    promising = ("segment_rnn", "gru", "lstm", "cnn", "rnn", "attention")
    item_columns = ("id", "values")

    def read(self, dataset: Dataset) -> "Table":
        """Read the raw files into regular series, a row for each value."""
        from stages.tasks.forecasting import loader

        return loader.read(dataset, dataset.params("reading", Reading))

    def split(self, table: "pd.DataFrame", dataset: Dataset) -> Split:
        """Cut all series at the same times."""
        from stages.tasks.forecasting.splitter import split_series
        from stages.tasks.forecasting.unfit import Unfit

        reading, window = dataset.params("reading", Reading), dataset.params("window", WindowConfig)
        unfit = Unfit(reading.unfit_series, dataset.key("reading.unfit_series"))
        return split_series(table, dataset.params("split", SplitConfig), window, unfit)

    def describe(self, part: "pd.DataFrame") -> dict[str, Any]:
        """Return what the report of the split says about a part."""
        from stages.tasks.forecasting import splitter

        return splitter.describe(part)

    def prepare(self, dataset: Dataset, output: Path) -> Preparation:
        """Fit the scaler on train; write train and validation as scaled series, and where their windows start."""
        from stages.tasks.forecasting import windowing

        return windowing.prepare(dataset, output)

    def audit(self, dataset: Dataset) -> Findings:
        """Check the parts, the scaler and the windows for leaks."""
        from stages.tasks.forecasting.leakage import check_leaks

        return check_leaks(dataset)

    def suits(self, sample: "Sample") -> int:
        """Return how well data suit: a column of times and numbers beside it."""
        from stages.tasks.forecasting import guess

        return guess.suits(sample)

    def guess(self, sample: "Sample") -> "Guess":
        """Return what the entry of a dataset of series would be."""
        from stages.tasks.forecasting import guess

        return guess.guess(sample)

    def open_prepared(self, folder: Path) -> "Prepared":
        """Open the folder that `prepare` wrote."""
        from stages.tasks.forecasting.modeling.data import Prepared

        return Prepared.open(folder)

    def fit_network(self, job: Job, data: "Prepared") -> Fit:
        """Train a network; its intervals come from validation."""
        from stages.tasks.forecasting.modeling import training

        return training.fit_network(job, data)

    def fit_baseline(self, job: Job, data: "Prepared") -> Fit:
        """Fit a baseline; its intervals come from validation."""
        from stages.tasks.forecasting.modeling.training import calibrate

        fit = super().fit_baseline(job, data)
        assert isinstance(fit.model, Forecaster)
        return replace(fit, model=calibrate(fit.model, data))

    def validate_baseline(self, job: Job, model: Forecaster, data: "Prepared") -> dict[str, float]:
        """Return a fitted baseline's metrics on the windows of validation that networks are chosen by, too."""
        from stages.tasks.forecasting.modeling import training

        return training.validate(job, model.forecast, data)

    def num_examples(self, data: "Prepared") -> int:
        """Return how many windows train has."""
        return len(data.train)

    def load(self, folder: Path) -> "Saved":
        """Open a trained forecaster."""
        from stages.tasks.forecasting.modeling.saved import Saved

        return Saved(folder)

    def metadata(self, data: "Prepared") -> dict[str, Any]:
        """Return the scaler, and what windows are like."""
        return {"window": data.state.to_json()}

    def evaluate(self, saved: "Saved", dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
        """Measure a forecaster on every window of the test part."""
        from stages.tasks.forecasting import evaluation

        return evaluation.evaluate(saved, dataset)

    def per_seed(self, predictions: "pd.DataFrame") -> np.ndarray:
        """Return every origin's sums, (seeds, origins, statistics)."""
        return per_seed(predictions)

    def sampling(self, items: "pd.DataFrame") -> Sampling:
        """Return that origins follow each other in time, and forecasts overlap by a horizon."""
        return Ordered(overlap=int(items["horizon"].iloc[0]))

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Add forecasts and residuals to each of the models, as tables."""
        from stages.tasks.forecasting import report

        report.add_plots(dataset, models)
        return {}

    def charts(self, dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
        """Draw errors by step, residuals, and forecasts of the chosen model and the best baseline."""
        from stages.tasks.forecasting import report

        return report.draw_charts(dataset, context)


TASK = Forecasting()
