"""Recordings to parts, strings and frames; what networks and the hidden Markov model make of them; a user's own."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from stages.config.schema import ParallelConfig
from stages.evaluate import evaluate
from stages.runtime.errors import ConfigError, UserError
from stages.tasks.seq2seq.modeling.data import END, Rows
from stages.tasks.speech.config import Section
from stages.tasks.speech.modeling.frames import PreparedSpeech
from stages.tasks.speech.report import speed
from stages.tasks.speech.task import TASK
from stages.tasks.speech.windowing import steps_needed
from stages.train import train
from tests.tasks.speech.small import make_dataset, prepare, sounds, tiny_model, write_npz, write_params

RATE = 4000
ALONE = {"split": {"validation": 0.2, "test": 0.2}}


def parts_of(dataset) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")}


def test_strings_are_made_of_the_recordings_of_one_part(tmp_path):
    dataset = make_dataset(tmp_path)
    parts, table = parts_of(dataset), pd.read_parquet(dataset.table).set_index("id")
    members = {name: part["recordings"].explode() for name, part in parts.items()}
    assert sum(of_part.nunique() for of_part in members.values()) == len(table)
    assert (members["train"].value_counts() == 3).all() and members["test"].is_unique
    assert not set(members["train"]) & set(members["test"]) | set(members["validation"]) & set(members["test"])
    for row in parts["test"].itertuples():
        assert row.targets[0].split() == table.loc[row.recordings, "target"].tolist()
        values = np.concatenate(table.loc[row.recordings, "values"].tolist())
        assert np.array_equal(row.source, values.astype(np.float32)) and row.ends[-1] * 2 == len(values)
    sizes = parts["train"]["recordings"].map(len)
    assert sizes.max() == 3 and (sizes < 2).sum() <= 3  # the last of each pass may be shorter


def test_another_seed_composes_other_strings_of_the_same_recordings(tmp_path):
    split = {"validation": 0.2, "test": 0.25}
    one, other = (
        make_dataset(tmp_path / str(seed), entry={"split": split | {"compose": {"seed": seed}}}) for seed in (1, 2)
    )
    ours, theirs = parts_of(one)["test"], parts_of(other)["test"]
    assert set(ours["recordings"].explode()) == set(theirs["recordings"].explode())
    assert [list(rows) for rows in ours["recordings"]] != [list(rows) for rows in theirs["recordings"]]


def test_what_networks_read_is_scaled_by_train_and_what_is_too_long_is_told(tmp_path, capsys):
    dataset = make_dataset(tmp_path, entry={"window": {"maximum_length": 36, "frames_per_vector": 2}})
    data = PreparedSpeech(dataset.prepared / "frames")
    source, train_part = data.side("train", "source"), parts_of(dataset)["train"]
    lengths = np.array([ends[-1] for ends in train_part["ends"]])
    assert source.lengths.tolist() == lengths[lengths <= 36].tolist()
    report = json.loads(dataset.report("prepare").read_text())
    assert report["longer"] == (lengths > 36).sum() > 0 and report["learned"] == len(source.lengths)
    assert "are not learned from" in capsys.readouterr().err + " ".join(report["remarks"])
    together = np.concatenate(data.preprocessor.encode_sources(data.sources(train_part), cut=False))
    assert together.mean(axis=0) == pytest.approx(0, abs=1e-4) and together.std(axis=0) == pytest.approx(1, abs=1e-4)


def test_sources_that_have_fewer_steps_than_tokens_are_counted(tmp_path):
    tokens = Rows.gather([np.array(ids, np.int32) for ids in ([4, 5, END], [4, 4, 4, END], [END])])
    assert steps_needed(tokens).tolist() == [2, 5, 0]
    dataset = make_dataset(tmp_path, entry={"window": {"frames_per_vector": 30}})
    report = json.loads(dataset.report("prepare").read_text())
    assert 0 < report["too_short"] <= report["learned"] and "ctc learns nothing" in report["remarks"][0]


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["hmm", "ctc"])
def test_words_are_recognised(tmp_path, model):
    dataset = make_dataset(
        tmp_path,
        training={"min_steps": 250, "batch_tokens": 512, "buckets": 1},
        models={model: tiny_model(model, iterations=4, learning_rate=0.02).model_dump(exclude={"shared"})},
    )
    train(dataset, model)
    evaluate(dataset, model)
    report = json.loads(dataset.report("evaluation", model).read_text())
    assert report["metrics"]["mean"]["token_error_rate"] < 0.1
    assert report["sound"]["frames_per_source"] > 10 and report["sound"]["frame_seconds"] is None
    examples = json.loads(dataset.report("examples", model).read_text())["written"]
    for example in examples:
        if model == "hmm":
            assert example["alignment"] is None
            continue
        weights = np.array(example["alignment"]["weights"])
        peaks = weights.argmax(axis=1) * 2
        assert weights.sum(axis=1) == pytest.approx(1, abs=0.02)
        if model == "ctc" and not example["edits"]:  # each word is read in its own recording, or at its very edge
            starts, ends = np.array([0, *example["ends"][:-1]]), np.array(example["ends"])
            assert ((peaks >= starts - 3) & (peaks <= ends + 3)).all()


def record(path, word, seconds=0.3, rate=RATE, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pitch = {"low": 200, "high": 900}[word]
    tone = np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)
    soundfile.write(path, 0.5 * tone + 0.01 * rng.normal(size=len(tone)), rate)


def make_recordings(folder, count=30) -> pd.DataFrame:
    rows = []
    for number in range(count):
        word = ("low", "high")[number % 2]
        record(folder / "clips" / f"{number}.wav", word, seed=number)
        rows.append({"path": f"{number}.wav", "text": word, "speaker": f"s{number % 10}"})
    return pd.DataFrame(rows)


def test_recordings_with_a_table_of_what_they_say(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"speaker": "speaker", "delimiter": "|"}})
    table = make_recordings(dataset.raw)
    table.to_csv(dataset.raw / "said.csv", sep="|", index=False)
    prepare(dataset)
    parts = parts_of(dataset)
    said = dict(zip("clips/" + table["path"], table["text"], strict=True))
    assert all(said[row.id] == row.targets[0] for part in parts.values() for row in part.itertuples())
    speakers = pd.read_parquet(dataset.table).set_index("id")["speaker"]
    spoken = [set(speakers[part["id"]]) for part in parts.values()]
    assert sum(map(len, spoken)) == len(set.union(*spoken)) == 10
    assert not any(TASK.audit(dataset).values())
    reading = PreparedSpeech(dataset.prepared / "frames").preprocessor.reading
    assert reading["sound"]["sample_rate"] == RATE and reading["delimiter"] is None  # a new recording has no table


def test_tables_may_name_parts_and_recordings_without_their_ending(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"recording": "id", "label": "sentence", "columns": None}})
    table = make_recordings(dataset.raw).assign(id=[str(number) for number in range(30)])
    table = table.rename(columns={"text": "sentence"})
    for name, rows in (("train", table[:20]), ("dev", table[20:24]), ("test", table[24:28])):
        rows.to_csv(dataset.raw / f"{name}.csv", index=False)
    read = TASK.read(dataset)
    assert dict(read.rows_dropped) == {"no row of the table names it": 2}
    parts = pd.Series(read.rows["part"].to_pylist()).value_counts().to_dict()
    assert parts == {"train": 20, "validation": 4, "test": 4}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(path="x.wav"), r"row 1: x\.wav.* name no file that is there"),
        (lambda table: pd.concat([table, table[:1]]), r"row 31: 0\.wav name a file again"),
        (lambda table: table.rename(columns={"text": "words"}), "there is no column 'text'.*reading.label"),
        (lambda table: table.assign(text=" "), "holds no recording of which it is said what it says"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, change, message):
    dataset = write_params(tmp_path, ALONE)
    change(make_recordings(dataset.raw)).to_csv(dataset.raw / "said.csv", index=False)
    with pytest.raises(UserError, match=message):
        TASK.read(dataset)


def test_a_name_that_stands_in_several_folders_is_refused_and_a_path_is_not(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    for number, folder in enumerate("abc"):
        record(dataset.raw / folder / "1.WAV", "low", seed=number)
    (dataset.raw / "said.csv").write_text("path,text\n1.wav,low\nb/1.WAV,low\n1,low\n")
    with pytest.raises(UserError, match=r"row 3: 1 name several files: give their paths, with their endings"):
        TASK.read(dataset)
    (dataset.raw / "said.csv").write_text("path,text\na\\1.WAV,low\nb/1.WAV,high\nc/1,low\n")
    assert TASK.read(dataset).rows["target"].to_pylist() == ["low", "high", "low"]


def test_paths_are_from_the_tables_folder_first(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    for part in ("train", "test"):
        record(dataset.raw / part / "0.wav", "low", seed=len(part))
        (dataset.raw / part / "metadata.csv").write_text(f"path,text\n0.wav,{part}ed\n")
    table = TASK.read(dataset).rows
    assert dict(zip(table["id"].to_pylist(), table["target"].to_pylist(), strict=True)) == {
        "train/0.wav": "trained",
        "test/0.wav": "tested",
    }


def test_a_part_whose_speakers_all_stand_in_test_is_told(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    values = [np.full(4, number, float) for number in range(8)]
    table = pd.DataFrame(
        {
            "id": [f"r{number}" for number in range(8)],
            "target": ["a"] * 8,
            "speaker": ["anna"] * 8,
            "part": ["train"] * 4 + ["test"] * 4,
            "content": [str(number) for number in range(8)],
            "values": values,
            "steps": 2,
            "channels": 2,
            "channel_names": None,
            "sample_rate": None,
        }
    )
    with pytest.raises(UserError, match=r"no recording is left for train and validation .*also in the test part"):
        TASK.split(table, dataset)


def test_parts_may_be_folders_of_recordings_and_a_single_speaker_cannot_be_split(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    rows = ["path,text,speaker"]
    for number in range(12):
        part = ("train", "dev", "test")[min(number // 4, 2)]
        record(dataset.raw / part / f"{number}.wav", "low", seed=number)
        rows.append(f"{number},low {number},anna")
    (dataset.raw / "said.csv").write_text("\n".join(rows) + "\n")
    parts = TASK.read(dataset).rows["part"].to_pylist()
    assert pd.Series(parts).value_counts().to_dict() == {"train": 4, "validation": 4, "test": 4}
    table = TASK.read(write_params(tmp_path, ALONE | {"reading": {"speaker": "speaker"}})).rows.to_pandas()
    with pytest.raises(UserError, match="each part needs speakers of its own"):
        TASK.split(table.assign(part=None), dataset)


def test_a_speaker_is_asked_for_where_no_table_names_one(tmp_path):
    dataset = write_params(tmp_path, {"reading": {"speaker": "voice"}})
    dataset.raw.mkdir(parents=True)
    write_npz(dataset.raw / "d.npz")
    with pytest.raises(UserError, match=r"reading\.speaker.*no table lies beside the recordings"):
        TASK.read(dataset)


def test_the_same_sound_with_two_meanings_is_dropped_and_one_that_repeats_stands_once(tmp_path):
    values, words = sounds(60)
    values, words = [*values, values[0], values[1]], [*words, words[0], "other"]
    dataset = write_params(tmp_path, ALONE)
    dataset.raw.mkdir(parents=True)
    lengths = [len(each) for each in values]
    np.savez(dataset.raw / "d.npz", X=np.concatenate(values), y=np.array(words), lengths=lengths)
    prepare(dataset)
    dropped = json.loads(dataset.report("split").read_text())["dropped"]
    assert dropped == {"repeated": 1, "the same sound says different things": 2}
    assert sum(map(len, parts_of(dataset).values())) == 59


def test_speed_is_told_beside_the_sounds_where_it_is_known_how_long_a_frame_is(tmp_path):
    dataset = make_dataset(
        tmp_path,
        entry={"reading": {"frame_seconds": 0.01}},
        models={"hmm": tiny_model("hmm").model_dump(exclude={"shared"})},
    )
    train(dataset, "hmm")
    result = TASK.evaluate(TASK.load(dataset.model("hmm")), dataset, ParallelConfig())
    told = speed(result.details["sound"], 50.0)
    assert told["real_time_factor"] == pytest.approx(100 / told["frames_per_second"])
    assert speed({"frames_per_source": 20.0, "frame_seconds": None}, 5.0)["real_time_factor"] is None


def test_what_is_for_texts_is_refused():
    with pytest.raises((ConfigError, ValueError), match=r"models\.ctc: shared is for sources of text"):
        Section(models={"ctc": {"shared": False}})
    with pytest.raises(ValueError, match=r"shortest \(5\) must not be above longest \(2\)"):
        Section(datasets={"d": {"source": {"path": "x"}, "split": {"compose": {"shortest": 5, "longest": 2}}}})
