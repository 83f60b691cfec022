"""The formats of signals: what they read, and what they say of what they cannot."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from stages.config.reading import SignalReading, Sound
from stages.data.raw import RawFile
from stages.data.signals import open_signals, sound
from stages.data.signals.signal import Signal
from stages.data.signals.sound import mel_filters, sound_frames
from stages.runtime.errors import UserError

TS = """#comment
@problemName x
@timeStamps false
@classLabel true a b
@data
1,2,3:4,5,6: a
7,?:9,10:b
"""
ARFF = """% comment
@relation x
@attribute v relational
@data
'1,2,3\\n4,5,6',a
"7,?\\n9,10", 'b'
"""
LONG = """signal,time,x,y,label
s1,2,2,5,a
s1,1,1,4,a
s1,3,3,6,a
s2,1,7,9,b
s2,2,,10,b
"""
BOTH = [[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], [[7.0, 9.0], [None, 10.0]]]


def read(path: Path, content: str | bytes | None = None, **reading: Any) -> list[Signal]:
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    place = Path(*path.parts[-2:])  # a folder and a name
    file = open_signals(RawFile(path, SignalReading(**reading), place=place))
    signals = list(file.signals())
    file.faults.refuse()
    return signals


def plain(signals: list[Signal]) -> list[Any]:
    return [[[None if np.isnan(value) else value for value in step] for step in signal.values] for signal in signals]


@pytest.mark.parametrize(
    ("name", "content", "reading"),
    [("d.ts", TS, {}), ("d.arff", ARFF, {}), ("d.csv", LONG, {"time": "time"})],
)
def test_formats_read_the_same(tmp_path, name, content, reading):
    signals = read(tmp_path / name, content, **reading)
    assert plain(signals) == BOTH
    assert [(signal.row, signal.label) for signal in signals] == [(1, "a"), (2, "b")]


def test_one_channel_in_arff(tmp_path):
    assert plain(read(tmp_path / "d.arff", "@data\n1,2,?,3,up\n")) == [[[1.0], [2.0], [None], [3.0]]]


def test_arrays(tmp_path):
    np.savez(tmp_path / "ragged.npz", X=np.arange(10.0).reshape(5, 2), y=[3, 4], lengths=[2, 3])
    assert plain(read(tmp_path / "ragged.npz")) == [[[0, 1], [2, 3]], [[4, 5], [6, 7], [8, 9]]]
    np.savez(tmp_path / "equal.npz", series=np.arange(6).reshape(2, 3), kind=["a", "b"])
    names = {"values": "series", "labels": "kind"}
    assert plain(read(tmp_path / "equal.npz", arrays=names)) == [[[0], [1], [2]], [[3], [4], [5]]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros(3)}, "has no array 'y', but X: fix reading.arrays in params.yaml"),
        ({"X": np.zeros((3, 2)), "y": np.zeros(2)}, r"'X' is \(3, 2\), for 2 labels"),
        ({"X": np.zeros((3, 2)), "y": np.zeros(2), "lengths": np.array([1, 1])}, "2 together, but there are 3 rows"),
        ({"X": np.array([["a"]]), "y": np.zeros(1)}, "'X' must hold numbers"),
        ({"X": np.array([{}], object), "y": np.zeros(1)}, "cannot be read as .npz"),
        ({"X": np.float64(1), "y": np.zeros(1)}, r"'X' is \(\): it holds no sequence"),
        ({"X": np.zeros((0, 4)), "y": np.zeros(0)}, r"'X' is \(0, 4\): it holds no sequence"),
        (
            {"X": np.zeros((1, 4)), "y": np.array(["2020"], "datetime64[Y]")},
            "'y' must hold a text or a number",
        ),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, message):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(UserError, match=message):
        read(tmp_path / "d.npz")


def test_arrays_that_unpack_to_more_than_the_limit(tmp_path):
    np.savez_compressed(tmp_path / "d.npz", X=np.zeros((1000, 100)), y=np.zeros(1000))
    with pytest.raises(UserError, match=r"unpacks to 808,\d+ bytes, more than reading.unpack_limit"):
        read(tmp_path / "d.npz", unpack_limit=10_000)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.ts", "@data\n1,x:a\n2,y:b\n", r"d.ts: these lines hold what is no number: line 2 \('x'\); line 3 \('y'\)"),
        ("d.ts", "@data\n1,2:1:a\n", r"different lengths: line 2 \(2, 1 values\)"),
        ("d.ts", "@timestamps true\n@data\n(0,1):a\n", "carry time stamps"),
        ("d.ts", "@classlabel false\n@data\n1,2\n", "have no labels"),
        ("d.ts", "@data\n1,2\n1,2:a\n", "these lines have no label: line 2"),
        ("d.ts", "@data\n", "holds no signals"),
        ("d.npz", b"nothing of the kind", "is no .npz file"),
        ("d.what", b"x", "the ending '.what' tells no format of signals"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path / name, content)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("s,1,2,3,a\nt,1,2,3,b\ns,2,2,3,a\n", "the rows of a signal do not stand together: row 3: 's'"),
        ("s,1,2,3,a\ns,2,2,3,b\n", "several values in the column of labels: 's', from row 1: a, b"),
        ("s,1,2,3,a\ns,1,2,3,a\n", "a time twice in the column 'time': 's', from row 1"),
        ("s,1,2,3,a\ns,,2,3,a\n", "the column 'time' must hold numbers, or times .* for 's', from row 1"),
        ("s,9:00,2,3,a\ns,10:00,2,3,a\n", "the column 'time' must hold numbers, or times .* for 's', from row 1"),
        ("s,1,q,3,a\n", "the column 'x' must hold numbers, but row 1: 'q'"),
        (",1,2,3,a\n", "the column 'signal' names no signal in row 1"),
    ],
)
def test_faults_of_a_long_table(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path / "d.csv", "signal,time,x,y,label\n" + rows, time="time")


def test_a_column_that_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no column 'signal'"):
        read(tmp_path / "d.csv", "a,b\n1,2\n")


def test_parts_by_a_column(tmp_path):
    content = "signal,x,label,set\ns,1,a,train\nt,2,b,dev\nu,3,a,\n"
    assert [signal.part for signal in read(tmp_path / "d.csv", content, part="set")] == ["train", "validation", None]


# --- Sound ---


def tone(frequency: float, rate: int = 8000, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)


def test_a_tone_is_loudest_in_its_band():
    config = Sound(bands=20)
    centres = mel_filters(8000, 200, 20).argmax(axis=1) * 8000 / 200
    for frequency in (300, 1000, 2500):
        frames = sound_frames(tone(frequency), 8000, config)
        assert frames.shape == (48, 20)
        loudest = centres[np.bincount(frames.argmax(axis=1)).argmax()]
        assert abs(loudest - frequency) <= 0.15 * frequency + 40


def test_filters_are_triangles_that_add_up_between_the_centres():
    filters = mel_filters(16_000, 400, 26)
    assert filters.shape == (26, 201) and (filters >= 0).all() and (filters.max(axis=1) > 0.3).all()
    first, last = filters.argmax(axis=1)[[0, -1]]
    np.testing.assert_allclose(filters.sum(axis=0)[first:last], 1, atol=1e-9)


def test_cosines_of_a_flat_spectrum_are_in_the_first_alone():
    frames = sound_frames(np.zeros(4000), 8000, Sound(features="mfcc", bands=20, coefficients=5))
    assert frames.shape[1] == 5
    np.testing.assert_allclose(frames[:, 1:], 0, atol=1e-9)


def test_resampling_keeps_the_tone():
    config = Sound(bands=20, sample_rate=8000)
    at_8, at_16 = sound_frames(tone(1000), 8000, config), sound_frames(tone(1000, 16_000), 16_000, config)
    assert at_8.shape == at_16.shape
    assert (at_8[2:-2].argmax(axis=1) == at_16[2:-2].argmax(axis=1)).all()


def test_shorter_than_a_frame():
    assert sound_frames(np.ones(10), 8000, Sound(bands=20)).shape == (1, 20)


def test_recordings_in_folders(tmp_path):
    folder = tmp_path / "data/raw/mine"
    for name, suffix in (("low/a", "wav"), ("high/b", "flac"), ("high/c", "ogg")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.{suffix}", np.stack([tone(500), tone(500)], axis=1), 8000)
    signals = [read(path)[0] for path in sorted(folder.rglob("*.*"))]
    assert [signal.label for signal in signals] == ["high", "high", "low"]
    assert {signal.values.shape for signal in signals} == {(48, 40)}
    (label,) = {signal.label for signal in read(folder / "low/a.wav", label_pattern="low/(.)")}
    assert label == "a"
    with pytest.raises(UserError, match=r"finds no label in 'low/a\.wav'"):
        read(folder / "low/a.wav", label_pattern="([0-9]+)")
    with pytest.raises(UserError, match="is no recording that can be read"):
        read(folder / "low/d.wav", b"RIFF nothing")


@pytest.mark.parametrize("pattern", ["(", "no group", "(a)(b)"])
def test_a_pattern_must_have_one_group(pattern):
    with pytest.raises(ValueError, match="must"):
        SignalReading(label_pattern=pattern)


def test_labels_that_are_bytes_and_signals_without_steps(tmp_path):
    np.savez(tmp_path / "d.npz", X=np.arange(3.0), y=np.array([b"a", b"b"]), lengths=[0, 3])
    signals = read(tmp_path / "d.npz")
    assert [(signal.label, signal.values.shape) for signal in signals] == [("a", (0, 1)), ("b", (3, 1))]


@pytest.mark.parametrize("content", ["@classLabel false\n@data\n1,2:3,4\n", "@data\n1,2:3,4:?\n"])
def test_without_labels_where_none_are_needed(tmp_path, content):
    (tmp_path / "d.ts").write_text(content)
    file = open_signals(RawFile(tmp_path / "d.ts", SignalReading()), labelled=False)
    (signal,) = file.signals()
    assert (signal.label, signal.values.tolist()) == (None, [[1, 3], [2, 4]])


@pytest.mark.parametrize(("times", "order"), [("3 1 2", [1, 2, 0]), ("2024-02-01 2023-12-01 2024-01-01", [1, 2, 0])])
def test_times_are_numbers_or_dates(tmp_path, times, order):
    rows = "".join(f"s,{time},{place},a\n" for place, time in enumerate(times.split()))
    (signal,) = read(tmp_path / "d.csv", "signal,time,x,label\n" + rows, time="time")
    assert signal.values[:, 0].tolist() == order and signal.name == "s"


def test_times_that_are_no_channel_are_named(tmp_path):
    frame = pd.DataFrame({"signal": ["s"], "at": pd.to_datetime(["2024-01-01"]), "x": [1.0], "label": ["a"]})
    frame.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(UserError, match=r"the column 'at' holds times, not numbers: name it by reading\.time"):
        read(tmp_path / "d.parquet")


def test_long_recordings_are_transformed_in_blocks(monkeypatch):
    samples = np.random.default_rng(0).normal(size=8000)
    whole = sound_frames(samples, 8000, Sound())
    monkeypatch.setattr(sound, "BLOCK", 7)
    np.testing.assert_allclose(sound_frames(samples, 8000, Sound()), whole, rtol=1e-12)
