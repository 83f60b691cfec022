"""What every forecaster must do; models are found by their files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import ModelConfig, NeuralConfig
from stages.models.forecasting import ets, seasonal_naive, theta
from stages.runtime.errors import UserError
from stages.tasks.forecasting.config import Training
from stages.tasks.forecasting.modeling.conformal import CalibratedForecaster
from stages.tasks.forecasting.modeling.contract import LEVELS, Forecaster
from stages.tasks.forecasting.modeling.data import Prepared, Windows
from stages.tasks.forecasting.modeling.network import NeuralForecaster, build_network
from stages.tasks.forecasting.modeling.statistics import mean_of, sum_statistics
from stages.tasks.forecasting.modeling.training import fit_forecaster, fit_network, train_network
from stages.tasks.forecasting.task import TASK
from stages.training.loop import History
from stages.training.replica import Job
from stages.training.saved import model_module
from tests.tasks.forecasting.small import (
    ALL_MODELS,
    NETWORKS,
    TRAINING,
    make_dataset,
    prepared,
    series_table,
    tiny_model,
)

pytestmark = pytest.mark.xdist_group("keras")

OPTIONS = [{"layers": 2}, {"output": "mean"}, {"output": "median"}, {"normalisation": "standard"}, {"look_back": 12}]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Prepared:
    """Two small series with a season of 8, a covariate and a calendar."""
    dataset = make_dataset(tmp_path_factory.mktemp("project"))
    return TASK.open_prepared(dataset.prepared / TASK.prepared)


def job_of(name: str, parameters: ModelConfig, folder: Path) -> Job:
    """Return what a replica of a model is told."""
    dataset = Dataset(Paths(folder), "forecasting", "mine")
    return Job(dataset, name, parameters, Training(**TRAINING), 1, folder / "model", folder / "checkpoint")


def fitted(name: str, data: Prepared, seed: int | None = 1, **overrides) -> Forecaster:
    """Return a model: a network as it starts, a baseline fitted."""
    parameters = tiny_model(name, **overrides)
    if isinstance(parameters, NeuralConfig):
        return build_network(name, parameters, data.state, seed)
    return model_module("forecasting", name).Model.fit(parameters, data)


def error_of(model: Forecaster, data: Prepared, statistic: str = "absolute") -> float:
    """Return the mean of a statistic over validation."""
    return float(mean_of(statistic)(sum_statistics(model.forecast, data.validation, data.state)))


def assert_independent_of_company(model: Forecaster, data: Prepared) -> None:
    together = model.forecast(data.validation)
    alone = np.concatenate([model.forecast(data.validation.take(slice(n, n + 1))) for n in (0, 7, 30)])
    assert alone == pytest.approx(together[[0, 7, 30]], abs=1e-5)
    assert together.shape[:2] == (len(data.validation), 8) and np.isfinite(together).all()


@pytest.mark.parametrize("name", ALL_MODELS)
def test_a_forecast_does_not_depend_on_the_windows_beside_it(name, data):
    assert_independent_of_company(fitted(name, data), data)


@pytest.mark.parametrize("name", ALL_MODELS)
def test_what_comes_after_the_origin_changes_nothing(name, data):
    model, window = fitted(name, data), data.validation.take(slice(3, 4))
    before = model.forecast(window)
    values = np.array(window.panel.values)
    values[window.origins[0] : window.panel.bounds[1]] = 99
    after = model.forecast(replace(window, panel=replace(window.panel, values=values)))
    assert after == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("name", ALL_MODELS)
def test_quantiles_never_cross_and_cover_the_windows_that_calibrated_them(name, data):
    forecaster = CalibratedForecaster.calibrate(fitted(name, data), data.validation, data.state)
    quantiles = forecaster.forecast(data.validation)
    assert quantiles.shape == (len(data.validation), 8, len(LEVELS)) and (np.diff(quantiles, axis=-1) >= 0).all()
    assert 0.8 <= error_of(forecaster, data, "inside_80") <= 0.93


@pytest.mark.parametrize("name", ALL_MODELS)
def test_saved_and_loaded_it_forecasts_the_same(name, data, tmp_path):
    model = fitted(name, data)
    model.save(tmp_path)
    again = (
        fitted(name, data, seed=None) if name in NETWORKS else model_module("forecasting", name).Model.load(tmp_path)
    )
    if isinstance(again, NeuralForecaster):
        again.load_weights(tmp_path)
    assert (again.forecast(data.validation) == model.forecast(data.validation)).all()
    assert again.num_params() == model.num_params()


@pytest.mark.parametrize("name", ALL_MODELS)
def test_a_models_context_is_in_words(name, data):
    context = tiny_model(name).context(data.state)
    assert context.startswith(("the last 24 values before a window", "all values before a window"))
    if "look_back" in type(tiny_model(name)).model_fields:
        assert tiny_model(name, look_back=12).context(data.state) == "the last 12 values before a window"
        assert tiny_model(name, look_back=99).values_read(data.state) == 24


@pytest.mark.parametrize("options", OPTIONS)
def test_the_networks_options(options, data):
    model = fitted("gru", data, **options)
    assert_independent_of_company(model, data)
    levels = model.forecast(data.validation)
    one_value = options.get("output") in ("mean", "median")
    assert (np.ptp(levels, axis=-1) == 0).all() if one_value else (np.diff(levels, axis=-1) > 0).all()


def trained(name: str, data: Prepared, folder: Path, epochs: int, **overrides) -> tuple[NeuralForecaster, History]:
    """Return a network trained for some epochs, and its history."""
    job = job_of(name, tiny_model(name, epochs=epochs, **overrides), folder)
    network = build_network(name, job.parameters, data.state, job.seed)
    return network, train_network(network, job, data)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_learns(name, data, tmp_path):
    network, history = trained(name, data, tmp_path, epochs=6)
    losses = [row["train_loss"] for row in history.epochs]
    assert losses[-1] < losses[0]
    assert (network.forecast(data.validation) != fitted(name, data).forecast(data.validation)).any()


@pytest.mark.parametrize("output", ["median", "mean"])
def test_training_learns_the_median_or_the_mean(output, data, tmp_path):
    _, history = trained("gru", data, tmp_path, epochs=4, output=output)
    assert history.epochs[-1]["train_loss"] < history.epochs[0]["train_loss"]


@pytest.mark.parametrize("name", ["naive", "gru"])
def test_a_fit_is_calibrated_and_measured_on_validation(name, data, tmp_path):
    fit_function = fit_network if name in NETWORKS else TASK.fit_baseline
    fit = fit_function(job_of(name, tiny_model(name), tmp_path / "one"), data)
    assert list(fit.validation) == ["mase", "rmsse", "smape", "mse_standardised", "mae_standardised"]
    assert fit.seconds > 0 and fit.examples == (64 * len(fit.epochs) or len(data.train))
    again = fit_forecaster(job_of(name, tiny_model(name), tmp_path / "two"), data)
    assert isinstance(fit.model, CalibratedForecaster) and fit.model.num_params() == again.num_params()
    assert (again.forecast(data.validation) == fit.model.forecast(data.validation)).all()


def test_the_naive_models_repeat(data):
    past, _ = data.validation.past(8)
    assert (fitted("naive", data).forecast(data.validation) == past[:, -1:]).all()
    assert (fitted("seasonal_naive", data).forecast(data.validation) == past).all()


def test_linear_finds_what_is_linear(data):
    assert error_of(fitted("linear", data), data) < 0.2  # the noise has 0.1


@pytest.mark.parametrize("name", ["ets", "theta"])
def test_ets_and_theta_follow_a_season(name, data):
    assert error_of(fitted(name, data), data) < 0.3  # a season before: 0.39


def first_origin(data: Prepared) -> tuple[Windows, np.ndarray]:
    """Return validation's first window of the first series, and all values before it."""
    window = data.validation.take(slice(0, 1))
    return window, np.asarray(data.train.panel.values[: window.origins[0]], float)


def test_theta_is_statsmodels_theta(data):
    from statsmodels.tsa.forecasting.theta import ThetaModel

    window, known = first_origin(data)
    model = fitted("theta", data)
    seasonal = np.array(model.series[0].season)
    places = np.arange(len(known) + 8) % 8
    reference = ThetaModel(known - seasonal[places[:-8]], deseasonalize=False).fit()
    expected = reference.forecast(8).to_numpy() + seasonal[places[-8:]]
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
    model = theta.Model([theta.SeriesFit(smoothing, slope=0.02, season=[0.0])])
    assert model.forecast(window)[0] == pytest.approx(expected, abs=1e-6)


def test_ets_is_statsmodels_ets(data):
    window, known = first_origin(data)
    model = fitted("ets", data)
    fit = model.series[0]
    smoother = fit.smoother(fit.unscale(known))
    named = dict(zip(smoother.param_names, smoother.start_params, strict=True)) | fit.parameters
    expected = smoother.smooth(list(named.values())).forecast(8)
    assert model.forecast(window)[0] == pytest.approx((expected - fit.center) / fit.scale, abs=1e-9)


def test_ets_uses_nothing_after_a_window_that_holds_few_seasons(data):
    """Two seasons fit into the look-back of 24 where a season has 12 steps; where it has 13, none is tried."""
    for season, kinds in ((12, {"add", "mul"}), (13, {None})):
        state = replace(data.state, ets_season=season)
        model = ets.Model.fit(ets.Parameters(longest=20), replace(data, state=state))
        assert {fit.seasonal for fit in model.series} <= kinds
        early = replace(data.train, starts=data.train.starts[:1])
        assert np.isfinite(model.forecast(early)).all()
        both = replace(data.train, starts=data.train.starts[:40])
        assert model.forecast(both)[0] == pytest.approx(model.forecast(early)[0], abs=1e-9)


def test_ets_follows_a_series_that_reaches_zero_after_train(tmp_path):
    season = np.tile([10.0, 20.0, 30.0, 20.0], 40)
    values = season * np.linspace(1, 3, 160)
    values[110:] = 0  # in validation and test
    _, prepared_data = prepared(tmp_path, series_table(160, names=("a",), values=values), season=4, look_back=24)
    fits = ets._fits_of(prepared_data.train.panel.values[:96], 0, prepared_data, 96)
    assert {fit.seasonal for fit in fits} == {"add", "mul"}
    for fit in fits:
        assert np.isfinite(ets.Model([fit]).forecast(prepared_data.validation)).all()


def test_a_season_longer_than_a_window_is_refused(data):
    with pytest.raises(UserError, match="a season of 48 is longer than what a window reads, 24"):
        seasonal_naive.Model.fit(seasonal_naive.Parameters(season=48), data)


def test_a_segment_longer_than_the_window_is_refused(data):
    with pytest.raises(UserError, match="a segment of 8 does not fit a look_back of 4"):
        fitted("segment_rnn", data, segment=8, look_back=4)


def test_the_convolutions_are_dilated_ones_without_what_is_not_used(data):
    """Each block of strides is a block of a causal dilated convolution, of which the last step alone is used."""
    model = fitted("cnn", data)
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
