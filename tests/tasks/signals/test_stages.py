"""From raw signals to predictions, through the stages."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from stages.config.frames import WindowConfig
from stages.config.schema import ParallelConfig
from stages.runtime.errors import UserError
from stages.tasks.discovery import find_task
from stages.tasks.signals.config import Section
from stages.tasks.signals.modeling.frames import PreparedSignals, SignalScaler
from stages.train import train
from tests.tasks.signals.small import MAXIMUM, make_dataset, prepare, signals, tiny_model, write_params

TASK = find_task("signals")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("signals"))


def test_frames_are_scaled_by_train_alone(dataset):
    train_values, _ = signals(150, 0)
    together = np.concatenate(train_values)
    prepared = PreparedSignals.open(dataset.prepared / "frames")
    assert prepared.preprocessor.mean == pytest.approx(together.mean(axis=0).tolist())
    assert prepared.preprocessor.deviation == pytest.approx(together.std(axis=0).tolist())
    validation_values, labels = signals(40, 1)
    part = prepared.part("validation")
    assert part.values.dtype == np.float32 and isinstance(part.values, np.memmap)
    for number, values in enumerate(validation_values):
        expected = (values - together.mean(axis=0)) / together.std(axis=0)
        np.testing.assert_allclose(part[number], expected[:MAXIMUM], atol=1e-5)
    assert [prepared.labels[label] for label in part.labels] == labels


def test_what_is_cut_is_counted(dataset):
    report = json.loads(dataset.report("prepare").read_text())
    lengths = [len(values) for values in signals(150, 0)[0]]
    assert report["train"]["signals_cut"] == sum(length > MAXIMUM for length in lengths) > 0
    assert report["train"]["frames"] == sum(lengths)
    assert report["train"]["length_quantiles"]["100"] == max(lengths)
    assert "longer than signals.datasets.mine.window.maximum_length" in report["remarks"][0]


def test_several_steps_become_a_frame():
    scaler = SignalScaler("none", 2, [0.0], [1.0])
    assert scaler.frames(np.array([[1.0], [3], [5], [7], [10]])).tolist() == [[2], [6], [10]]
    assert scaler.frames(np.zeros((0, 1))).shape == (0, 1)


def test_scaling_by_each_signal_itself():
    scaler = SignalScaler("each", 1, [9.0, 9.0], [9.0, 9.0])
    frames = scaler.frames(np.array([[1.0, 7], [3, 7]]))
    assert frames.tolist() == [[-1, 0], [1, 0]]  # a constant channel is zero, not a division by nothing


def test_a_constant_channel_is_no_division_by_zero(tmp_path):
    values = np.tile([0.1, 1.0], (50, 1)) * [[1, 0]] + [[0, 3e8]]
    scaler = SignalScaler.fit(lambda: [values], WindowConfig())
    assert scaler.deviation == [1.0, 1.0]


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["minirocket", "dtw_neighbour", "summary_logreg", "cnn"])
def test_what_a_signal_looks_like_is_learned(dataset, model):
    if model == "cnn":
        dataset = make_dataset(
            dataset.paths.root / "longer",
            training={"min_steps": 200, "epochs": 6, "batch_size": 16, "buckets": 2},
            models={"cnn": tiny_model("cnn").model_dump(exclude={"vectors", "frozen"})},
        )
    train(dataset, model)
    result = TASK.evaluate(TASK.load(dataset.model(model)), dataset, ParallelConfig())
    assert result.scores[1]["accuracy"] > 0.9
    predictions = result.predictions
    assert list(predictions.columns[:5]) == ["id", "label", "frames", "seed", "predicted"]
    np.testing.assert_allclose(predictions.filter(like="probability.").sum(axis=1), 1, atol=1e-6)
    assert (predictions["frames"] == [len(values) for values in signals(40, 2)[0]]).all()


@pytest.mark.xdist_group("keras")
def test_a_network_with_attention_shows_where_it_looks(dataset):
    train(dataset, "attention")
    examples = TASK.evaluate(TASK.load(dataset.model("attention")), dataset, ParallelConfig()).examples
    for example in examples["attended"] + examples["mistakes"]:
        assert len(example["weights"]) == min(len(example["channels"][0]), MAXIMUM)
        assert sum(example["weights"]) == pytest.approx(1, abs=1e-4)


def test_parameters_of_tokens_are_refused():
    with pytest.raises(ValueError, match=r"models\.gru: vectors is for the tokens of texts"):
        Section(models={"gru": {"vectors": "random"}})
    with pytest.raises(ValueError, match="nbsvm"):
        Section(models={"nbsvm": {}})


def test_signals_of_different_channels_are_refused(tmp_path):
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    np.savez(dataset.raw / "one.npz", X=np.zeros((4, 5, 2)), y=["a", "b", "a", "b"])
    np.savez(dataset.raw / "two.npz", X=np.zeros((4, 5, 3)), y=["a", "b", "a", "b"])
    with pytest.raises(UserError, match=r"different numbers of channels \(4 of 2, 4 of 3\)"):
        prepare(dataset)


def test_equal_signals_are_in_one_part(tmp_path):
    values, labels = signals(200, 5)
    dataset = write_params(tmp_path, {"split": {"validation": 0.2, "test": 0.2, "tolerance": 0.5}})
    dataset.raw.mkdir(parents=True)
    both = values + values[:50]
    np.savez(
        dataset.raw / "all.npz", X=np.concatenate(both), y=labels + labels[:50], lengths=[len(each) for each in both]
    )
    prepare(dataset)
    parts = [pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 200
    assert json.loads(dataset.report("split").read_text())["dropped"] == {"repeated": 50}
    assert not any(TASK.audit(dataset).values())


@pytest.mark.parametrize("model", ["minirocket", "dtw_neighbour", "summary_logreg", "majority"])
def test_two_classes(tmp_path, model):
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    for seed, part in enumerate(("train", "validation", "test")):
        values, labels = signals(60, seed)
        chosen = [row for row, label in enumerate(labels) if label != "swings"]
        lengths = [len(values[row]) for row in chosen]
        np.savez(
            dataset.raw / f"{part}.npz",
            X=np.concatenate([values[row] for row in chosen]),
            y=[labels[row] for row in chosen],
            lengths=lengths,
        )
    prepare(dataset)
    train(dataset, model)
    result = TASK.evaluate(TASK.load(dataset.model(model)), dataset, ParallelConfig())
    assert model == "majority" or result.scores[1]["accuracy"] > 0.9


def test_channels_of_tables_go_by_their_names(tmp_path):
    dataset = write_params(tmp_path, {"split": {"validation": 0.2, "test": 0.2, "tolerance": 0.5}})
    dataset.raw.mkdir(parents=True)
    for number, order in enumerate((["x", "y"], ["y", "x"])):
        values, labels = signals(60, number)
        frames = [
            pd.DataFrame(each, columns=["x", "y"])[order].assign(signal=row, label=label)
            for row, (each, label) in enumerate(zip(values, labels, strict=True))
        ]
        pd.concat(frames).to_csv(dataset.raw / f"of_{number}.csv", index=False)
    prepare(dataset)
    prepared = PreparedSignals.open(dataset.prepared / "frames")
    assert prepared.preprocessor.mean == pytest.approx([5, 100], abs=1)
    assert prepared.reading["channels"] == ["x", "y"]
    (dataset.raw / "of_2.csv").write_text("signal,z,x,label\n1,2,3,a\n")
    with pytest.raises(UserError, match=r"of_2\.csv has the channels z; x, others x; y"):
        TASK.read(dataset)


def record(path, rate, frequency=440):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * frequency * np.arange(rate) / rate), rate)


def test_recordings_of_different_rates_are_refused_or_resampled(tmp_path):
    dataset = write_params(tmp_path)
    for label, rate in (("a", 8000), ("b", 16_000)):
        for number in range(3):
            record(dataset.raw / label / f"{number}.wav", rate, 300 + 10 * number)
    (dataset.raw / "README.md").write_text("recordings")
    with pytest.raises(UserError, match=r"different sample rates .* set signals.*sound\.sample_rate in params\.yaml"):
        TASK.read(dataset)
    table = TASK.read(write_params(tmp_path, {"reading": {"sound": {"sample_rate": 8000}}}))
    assert table.remarks[0] == "1 file(s) among the recordings are none, and are passed over: README.md"
    assert set(table.rows["steps"].to_pylist()) == {98} and len(set(table.rows["id"].to_pylist())) == 6


def test_a_model_keeps_the_rate_of_its_recordings(tmp_path):
    dataset = write_params(tmp_path, {"split": {"validation": 0.2, "test": 0.2, "tolerance": 0.9}})
    for label, frequency in (("a", 300), ("b", 900)):
        for number in range(20):
            record(dataset.raw / label / f"{number}.wav", 8000, frequency + number)
    prepare(dataset)
    assert PreparedSignals.open(dataset.prepared / "frames").reading["sound"]["sample_rate"] == 8000


def test_a_level_far_above_the_spread_is_no_leak(tmp_path):
    dataset = write_params(tmp_path, {"split": {"validation": 0.2, "test": 0.2, "tolerance": 0.5}})
    dataset.raw.mkdir(parents=True)
    values, labels = signals(300, 0)
    clock = [each + np.array([0, 1.7e9]) for each in values]
    np.savez(dataset.raw / "all.npz", X=np.concatenate(clock), y=labels, lengths=[len(each) for each in clock])
    prepare(dataset)
    assert not any(TASK.audit(dataset).values())


@pytest.mark.parametrize(
    ("values", "reading", "message"),
    [
        (np.full((6, 4), 1e300), {}, r"values beyond 1e\+30: signal 1"),
        (np.full((6, 4), np.nan), {"gaps": "interpolate"}, "a channel has no value at all: leave the signal out"),
        (np.full((6, 4), np.nan), {}, r"or set signals\.datasets\.mine\.reading\.gaps in params\.yaml to interpolate"),
    ],
)
def test_values_that_cannot_be_used_are_told(tmp_path, values, reading, message):
    dataset = write_params(tmp_path, {"reading": reading})
    dataset.raw.mkdir(parents=True)
    np.savez(dataset.raw / "d.npz", X=values, y=list("ababab"))
    with pytest.raises(UserError, match=message):
        TASK.read(dataset)


def test_rows_without_a_label_are_named(tmp_path):
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    np.savez(dataset.raw / "d.npz", X=np.random.default_rng(0).normal(size=(30, 4)), y=[np.nan, *[0, 1, 1] * 9, 0, 0])
    with pytest.raises(UserError, match=r"1 row\(s\) have no label \(d-1\): fill them in, or remove them"):
        prepare(dataset)
