"""Forecasting: its data contract.

Under data/prepared/<dataset>/, n values in all series together, C covariates, S series:

| file                      | dtype, shape     | meaning                                                       |
|---------------------------|------------------|---------------------------------------------------------------|
| table.parquet             | a row per value  | file, row, series, timestamp (UTC or without a zone), value,  |
|                           |                  | filled (made by reading.gaps), covariate.<name> …             |
| parts/<part>.parquet      | a row per value  | the same columns; a part ends before the next begins          |
| window/values.npy         | float64 (n,)     | train and validation, scaled, one series after the other      |
| window/covariates.npy     | float32 (n, C)   | known ahead: scaled, then the calendar's features             |
| window/steps.npy          | int64 (n,)       | each value's place on the time grid of all series             |
| window/filled.npy         | bool (n,)        | whether reading.gaps made the value: it is no target that     |
|                           |                  | counts, nor are those of a window that ends with such a value |
| window/bounds.npy         | int64 (S + 1,)   | series i is values[bounds[i]:bounds[i + 1]]                   |
| window/<part>.starts.npy  | int64 (windows,) | window i reads values[starts[i]:starts[i] + look_back], a     |
|                           |                  | view, and forecasts the next `horizon` values                 |
| window/scaler.json        | object           | the scaler, fitted on train, and what windows are like        |

<part> is train, validation or test. A window belongs to the part in which all its targets lie, and may look back into
the part before. Test has no windows there: `evaluate` gives its table to the saved model, which carries its scaler.

Under data/predictions/<dataset>/<model>.parquet, a row for each origin of the test part's windows and seed: id, seed,
horizon, and the sums of `STATISTICS` in modeling/statistics.py over all series. A trained model's folder is described
in `stages/training/saved.py`.
"""
