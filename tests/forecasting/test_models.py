"""What every forecaster must do: a new model is one line in MODELS."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stages.console import Problem
from stages.forecasting import neural
from stages.forecasting.data import LEVELS, MEDIAN, Prepared, Windows
from stages.forecasting.intervals import Forecaster, measure_windows
from stages.forecasting.models import ets, seasonal_naive, theta
from stages.forecasting.params import Models, Reading, Split, Training, Window
from stages.forecasting.saved import Saved
from stages.forecasting.splitting import split_table
from stages.forecasting.windowing import write_windows
from stages.schema import Neural
from stages.training import Plan

pytestmark = pytest.mark.xdist_group("keras")

MODELS = {
    "naive": {},
    "seasonal_naive": {},
    "linear": {},
    "ets": {},
    "theta": {},
    "rnn": {"units": 8},
    "lstm": {"units": 8, "layers": 2},
    "gru": {"units": 8, "output": "mean"},
    "cnn": {"filters": 8, "blocks": 3, "normalisation": "standard"},
    "attention": {"units": 8, "position": 4},
    "segment_rnn": {"units": 8, "segment": 4},
}
HOLIDAY = "covariate.holiday"
TRAINED = [name for name in MODELS if issubclass(Saved.model_file(name).Parameters, Neural)]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Prepared:
    """Two small series with a season of 8, a covariate and a calendar."""
    random, tables = np.random.default_rng(0), []
    for number, name in enumerate("ab"):
        steps = np.arange(240)
        free = (steps // 24 % 3 == 0).astype(float)
        values = 10 * (number + 1) + np.sin(steps * np.pi / 4) + free + 0.1 * random.normal(size=len(steps))
        stamps = pd.date_range("2024-01-01", periods=len(steps), freq="h")
        table = {"series": name, "timestamp": stamps, "value": values, "filled": False, HOLIDAY: free}
        tables.append(pd.DataFrame(table))
    parts, _ = split_table(pd.concat(tables), Split(validation=0.2, test=0.2))
    folder = tmp_path_factory.mktemp("data") / "window"
    choices = Window(look_back=24, horizon=8, season=8, calendar=("hour",))
    write_windows(parts, Reading(), choices, folder)
    return Prepared.open(folder)


def made(name: str, data: Prepared, seed: int = 1):
    """Return a model: a network as it starts, a baseline fitted."""
    module = Saved.model_file(name)
    parameters = module.Parameters(**MODELS[name])
    if isinstance(parameters, Neural):
        return neural.build(module, parameters, data.fitted, seed)
    return module.Model.fit(parameters, data)


def test_every_model_file_is_checked():
    assert set(MODELS) == set(Models.model_fields)


@pytest.mark.parametrize("name", MODELS)
def test_a_forecast_does_not_depend_on_its_company(name, data):
    model = made(name, data)
    together = model.forecast(data.validation)
    alone = np.concatenate([model.forecast(data.validation.some(slice(n, n + 1))) for n in (0, 7, 30)])
    assert alone == pytest.approx(together[[0, 7, 30]], abs=1e-5)
    assert together.shape[:2] == (len(data.validation), 8) and np.isfinite(together).all()


@pytest.mark.parametrize("name", MODELS)
def test_what_comes_after_the_origin_changes_nothing(name, data):
    model, window = made(name, data), data.validation.some(slice(3, 4))
    before = model.forecast(window)
    values = np.array(window.panel.values)
    values[window.origins[0] : window.panel.bounds[1]] = 99
    changed = replace(window.panel, values=values)
    after = model.forecast(type(window)(changed, window.starts, window.look_back, window.horizon))
    assert after == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_quantiles_never_cross_and_cover_what_settled_them(name, data):
    forecaster = Forecaster.calibrate(made(name, data), data.validation, 2)
    found = forecaster.forecast(data.validation)
    assert found.shape == (len(data.validation), 8, len(LEVELS)) and (np.diff(found, axis=-1) >= 0).all()
    assert 0.8 <= measure_windows(forecaster.forecast, data.validation, data.fitted)["coverage_80"] <= 0.93


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_it_forecasts_the_same(name, data, tmp_path):
    model = made(name, data)
    model.save(tmp_path)
    if name in TRAINED:
        again = made(name, data, seed=None)
        again.load_replica(tmp_path)
    else:
        again = Saved.model_file(name).Model.load(tmp_path)
    assert (again.forecast(data.validation) == model.forecast(data.validation)).all()


def trained(name: str, data: Prepared, tmp_path, epochs: int):
    """Return a network trained for some epochs, and its history."""
    parameters = Saved.model_file(name).Parameters(**MODELS[name], epochs=epochs, learning_rate=0.01)
    choices = Training(batch_size=16, epoch_windows=64, validation_windows=40, averaging=0.5)
    plan = Plan(epochs, 9, "mase", choices.averaging, tmp_path / "checkpoint", name)
    model = made(name, data)

    def validate(weights):
        return measure_windows(lambda windows: model.forecast(windows, weights), data.validation, data.fitted)

    return model, neural.fit(model, parameters, data, choices, 1, plan, validate)


@pytest.mark.parametrize("name", TRAINED)
def test_training_learns(name, data, tmp_path):
    model, history = trained(name, data, tmp_path, epochs=6)
    losses = [row["train_loss"] for row in history.epochs]
    assert losses[-1] < losses[0]
    assert (model.forecast(data.validation) != made(name, data).forecast(data.validation)).any()


def test_the_same_seed_gives_the_same_bytes(data, tmp_path):
    one, _ = trained("gru", data, tmp_path / "one", epochs=2)
    two, _ = trained("gru", data, tmp_path / "two", epochs=2)
    assert (one.forecast(data.validation) == two.forecast(data.validation)).all()


def test_the_naive_models_repeat(data):
    past, _ = data.validation.past(8)
    assert (made("naive", data).forecast(data.validation) == past[:, -1:]).all()
    assert (made("seasonal_naive", data).forecast(data.validation) == past).all()


def test_linear_finds_what_is_linear(data):
    found = measure_windows(made("linear", data).forecast, data.validation, data.fitted)
    assert found["mae"] < 0.2  # the noise has 0.1


def test_ets_and_theta_follow_a_season(data):
    for name in ("ets", "theta"):
        found = measure_windows(made(name, data).forecast, data.validation, data.fitted)
        assert found["mae"] < 0.3  # a season ago: 0.39


def first_origin(data: Prepared) -> tuple[Windows, np.ndarray]:
    """Return validation's first window of the first series, and all values before it."""
    window = data.validation.some(slice(0, 1))
    return window, np.asarray(data.train.panel.values[: window.origins[0]], float)


def test_theta_is_statsmodels_theta(data):
    from statsmodels.tsa.forecasting.theta import ThetaModel

    window, known = first_origin(data)
    model = made("theta", data)
    seasonal = np.array(model.found[0]["season"])
    places = np.arange(len(known) + 8) % 8
    fitted = ThetaModel(known - seasonal[places[:-8]], deseasonalize=False).fit()
    expected = fitted.forecast(8).to_numpy() + seasonal[places[-8:]]
    assert model.forecast(window)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("smoothing", [1e-4, 0.01, 1.0])
def test_theta_drifts_as_far_as_it_has_seen(data, smoothing):
    """Of a series that is hardly smoothed the level lags behind all that it has seen."""
    from statsmodels.tsa.forecasting.theta import ThetaModel, ThetaModelResults

    window, known = first_origin(data)
    level = known[0]
    for value in known:
        level += smoothing * (value - level)
    plain = ThetaModel(known, deseasonalize=False)
    expected = ThetaModelResults(0.02, smoothing, None, level, np.zeros(0), False, plain).forecast(8).to_numpy()
    model = theta.Model([{"smoothing": smoothing, "slope": 0.02, "season": [0.0]}])
    assert model.forecast(window)[0] == pytest.approx(expected, abs=1e-6)


def test_ets_is_statsmodels_ets(data):
    window, known = first_origin(data)
    model = made("ets", data)
    own = model.found[0]
    smoother = ets._smoother(known * own["scale"] + own["center"], own)
    named = dict(zip(smoother.param_names, smoother.start_params, strict=True)) | own["parameters"]
    expected = smoother.smooth(list(named.values())).forecast(8)
    assert model.forecast(window)[0] == pytest.approx((expected - own["center"]) / own["scale"], abs=1e-9)


def test_ets_rests_on_nothing_after_a_window_that_holds_few_seasons(data):
    """Two seasons fit into the look-back of 24 where a season has 12 steps; where it has 13, none is tried."""
    for season, kinds in ((12, {"add", "mul"}), (13, {None})):
        fitted = replace(data.fitted, short_season=season)
        model = ets.Model.fit(ets.Parameters(longest=20), replace(data, fitted=fitted))
        assert {own["seasonal"] for own in model.found} <= kinds
        early = replace(data.train, starts=data.train.starts[:1])
        assert np.isfinite(model.forecast(early)).all()
        both = replace(data.train, starts=data.train.starts[:40])
        assert model.forecast(both)[0] == pytest.approx(model.forecast(early)[0], abs=1e-9)


def test_a_season_longer_than_a_window_is_refused(data):
    with pytest.raises(Problem, match="a season of 48 is longer than what a window reads, 24"):
        seasonal_naive.Model.fit(seasonal_naive.Parameters(season=48), data)


def test_a_segment_longer_than_the_window_is_refused(data):
    module = Saved.model_file("segment_rnn")
    with pytest.raises(Problem, match="a segment of 8 does not fit a look_back of 4"):
        neural.build(module, module.Parameters(segment=8, units=8, look_back=4), data.fitted)


def test_the_convolutions_are_dilated_ones_without_what_is_not_used(data):
    """Each block of strides is a block of a causal dilated convolution, of which the last step alone is used."""
    model = made("cnn", data)
    layers = [layer for layer in model.model.layers if "conv1d" in layer.name]
    assert [layer.strides for layer in layers] == [(2,)] * 3
    steps = np.random.default_rng(0).normal(size=(1, 15, 8)).astype("float32")
    strided = dilated = steps
    for block, layer in enumerate(layers):
        kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
        reach = 2 * 2**block
        taps = [dilated[:, offset : dilated.shape[1] - reach + offset] for offset in (0, 2**block, 2 * 2**block)]
        dilated = sum(tap @ kernel[place] for place, tap in enumerate(taps)) + bias
        strided = np.asarray(layer(strided))
        dilated, strided = dilated[..., :8], strided[..., :8]
    assert strided.shape == (1, 1, 8) and strided[:, -1] == pytest.approx(dilated[:, -1], abs=1e-4)


def test_the_median_is_the_middle_level():
    assert LEVELS[MEDIAN] == 0.5
