"""The audit finds each kind of leak, and nothing on clean data."""

import numpy as np
import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.files import read_json, write_json
from stages.tasks.forecasting.leakage import check_leaks
from tests.tasks.forecasting.small import prepared, series_table


def audited(tmp_path, change, logarithm: bool) -> dict[str, list[str]]:
    """Return the findings on a small dataset after `change(parts, folder of windows)`."""
    dataset, table = Dataset(Paths(tmp_path), "forecasting", "mine"), series_table()
    dataset.prepared.mkdir(parents=True)
    table["covariate.heat"] = np.cos(np.arange(len(table)))
    table["value"] = np.exp(table["value"])
    parts, _ = prepared(dataset.prepared, table, logarithm=logarithm)
    table.to_parquet(dataset.table)
    change(parts, dataset.prepared / "window")
    for name, part in parts.items():
        dataset.part(name).parent.mkdir(exist_ok=True)
        part.to_parquet(dataset.part(name))
    return {check: lines for check, lines in check_leaks(dataset).items() if lines}


def rewrite(folder, **changed):
    """Change the content of scaler.json."""
    write_json(folder / "scaler.json", read_json(folder / "scaler.json") | changed)


def rescale(_parts, folder):
    """Fit the scaler on other values."""
    rewrite(folder, center=[center + 1 for center in read_json(folder / "scaler.json")["center"]])


def overlap(parts, _folder):
    """Let train go on into validation."""
    parts["train"] = pd.concat([parts["train"], parts["validation"].head(1)])


def change_naive_error(_parts, folder):
    """Measure MASE in another naive error."""
    rewrite(folder, naive_error=[99.0, 99.0])


def rescale_covariate(_parts, folder):
    """Scale a covariate by more than train."""
    np.save(folder / "covariates.npy", np.load(folder / "covariates.npy") * 1.1)


def shorten_test(parts, _folder):
    """Leave less of test than a forecast takes."""
    end = parts["test"]["timestamp"].sort_values().unique()[2]
    parts["test"] = parts["test"][parts["test"]["timestamp"] < end].iloc[1:]


def shift_windows(_parts, folder):
    """Let a window of train end in validation."""
    np.save(folder / "train.starts.npy", np.load(folder / "train.starts.npy") + 1)


def test_the_audit_finds_a_value_of_test_without_a_logarithm(tmp_path):
    def change(parts, _folder):
        parts["test"].loc[parts["test"].index[3], "value"] = -2

    findings = audited(tmp_path, change, logarithm=True)
    assert findings["logarithms"] == ["a has the value -2 at 2024-01-04 11:00:00"]


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize(
    "change, checks",
    [
        (lambda parts, folder: None, set()),
        (rescale, {"scaler", "scaled_values"}),
        (
            overlap,
            {"order_of_parts", "lost_values", "scaler", "naive_error", "covariates", "scaled_values", "targets"},
        ),
        (shift_windows, {"targets"}),
        (change_naive_error, {"naive_error"}),
        (rescale_covariate, {"covariates"}),
        (shorten_test, {"lost_values", "room"}),
    ],
)
def test_the_audit_finds_leaks(tmp_path, change, checks, logarithm):
    assert set(audited(tmp_path, change, logarithm)) == checks
