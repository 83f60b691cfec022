"""`recur add`: what is inferred from small files of many kinds, that the entry runs, and what is said otherwise."""

import hashlib
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.app.add import add
from stages.config.paths import Paths
from stages.runtime.errors import ConfigError, UsageError, UserError
from stages.tasks.base import Task
from stages.tasks.discovery import find_task, load_params
from stages.tasks.guess import Sample
from tests.app.small import PROJECT, run_program

WORDS = tuple("a warm funny film with great cast and dull plot that nobody wants to see again but sweet".split())  # noqa: SIM905


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project with the shipped parameters and nothing else."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    return Paths(tmp_path)


def write(paths: Paths, name: str, content: str, encoding: str = "utf-8") -> str:
    path = paths.root / "own" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))
    return str(path)


def sentences(count: int, seed: int = 0, least: int = 5, most: int = 12) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(least, most))) + f" {n}" for n in range(count)]


def added(paths: Paths, source: str, task: str, name: str, /, **options: Any) -> dict[str, Any]:
    """Add a source; return the keys that its entry has, defaults left out."""
    add(paths, source, **options)
    entry = load_params(paths).sections()[task].datasets[name]
    assert (paths.expectations / f"{name}.yaml").exists()
    assert (paths.dataset_params(task, name) / "source.json").exists()
    content: dict[str, Any] = entry.model_dump(mode="json", exclude_unset=True)
    return content


# --- Eight kinds ---


def test_reviews_with_quotes(paths):
    rows = [f'{n},"{text}, ""so"" it was",{"pos" if n % 3 else "neg"}' for n, text in enumerate(sentences(600))]
    source = write(paths, "My reviews.v2.csv", "\n".join(["id,review,sentiment", *rows]) + "\n")
    assert added(paths, source, "classification", "my_reviews") == {
        "source": {"path": "own/My reviews.v2.csv"},
        "reading": {"text": "review", "label": "sentiment"},
        "split": {"validation": 0.2, "test": 0.2},
        "tokenizer": {
            "unit": "word",
            "lowercase": True,
            "minimum_frequency": 1,
            "maximum_length": 24,
            "vectors": "train",
        },
    }


def test_expectations_that_are_not_met_are_told_before_a_run_stops_at_them(paths, capsys):
    rows = [f"{text},{'pos' if n % 3 else 'neg'}" for n, text in enumerate(sentences(90))]
    paths.expectations.mkdir(parents=True)
    (paths.expectations / "few.yaml").write_text("- {type: expect_table_row_count_to_equal, value: 1000}\n")
    added(paths, write(paths, "few.csv", "\n".join(["text,label", *rows]) + "\n"), "classification", "few")
    output = capsys.readouterr().out
    assert "note: few: 1 of 1 expectations of" in output and "observed 90" in output
    assert "`recur run` stops until then" in output


def test_an_archive_by_tar_is_told(paths):
    with tarfile.open(paths.root / "data.tar", "w") as archive:
        archive.add(paths.params, "a.txt")
    with pytest.raises(UserError, match=r"data\.tar is an archive, by tar: unpack it"):
        add(paths, str(paths.root / "data.tar"))


def test_messages_without_header_and_ending(paths, capsys):
    rows = [f"{'spam' if n % 4 == 0 else 'ham'}\t{text}" for n, text in enumerate(sentences(2400))]
    entry = added(paths, write(paths, "SMSSpamCollection", "\n".join(rows)), "classification", "sms", name="sms")
    assert entry["reading"] == {
        "format": "tsv",
        "columns": ["column_1", "column_2"],
        "text": "column_2",
        "label": "column_1",
    }
    assert entry["split"] == {"validation": 0.1, "test": 0.1}
    assert entry["tokenizer"]["minimum_frequency"] == 2
    out = capsys.readouterr().out
    assert "the file has no header" in out and "2 labels: ham 1800, spam 600" in out
    assert "next: recur try sms" in out and "sms: train" in out


def test_sentences_in_the_first_line_are_no_header(paths):
    rows = "".join(f"I see {n} cats here.\tJe vois {n} chats ici.\n" for n in range(60))
    entry = added(paths, write(paths, "cats.tsv", rows), "seq2seq", "cats")
    assert entry["reading"] == {"columns": ["column_1", "column_2"], "source": "column_1", "target": "column_2"}


@pytest.mark.parametrize("lines", [57, 60])
def test_sides_of_different_lengths_are_no_running_text(paths, lines):
    folder = paths.root / "cats"
    folder.mkdir()
    words = "a\rb" if lines == 60 else "ab"
    (folder / "source.txt").write_text("".join(f"{words} {n}\n" for n in range(60)))
    (folder / "target.txt").write_text("".join(f"x {n}\n" for n in range(lines)))
    with pytest.raises(UserError, match=rf"has {60 if lines == 57 else 120} lines, .* has {lines}: line by line"):
        add(paths, str(folder))


def test_files_of_the_test_part_alone_are_refused(paths):
    folder = paths.root / "films"
    folder.mkdir()
    rows = "".join(f"{text},{n % 2}\n" for n, text in enumerate(sentences(60)))
    (folder / "test.csv").write_text(f"text,label\n{rows}")
    with pytest.raises(UserError, match=r"official part test \(test\.csv\), and none is left to train on"):
        add(paths, str(folder))


def test_json_lines_with_an_official_column_of_parts(paths):
    parts = ("train", "train", "train", "validation", "test")
    records = [
        {"text": text, "stars": n % 5, "fold": parts[n % 7 % 5], "label": "xyz"[n % 3]}
        for n, text in enumerate(sentences(600))
    ]
    content = "".join(json.dumps(record) + "\n" for record in records)
    entry = added(paths, write(paths, "films.jsonl", content), "classification", "films")
    assert entry["reading"] == {"text": "text", "label": "label", "part": "fold"}


def test_hourly_parquet(paths, capsys):
    hours = pd.date_range("2024-01-01", periods=1500, freq="h")
    wave = np.sin(np.arange(1500) * 2 * np.pi / 24)
    noise = np.random.default_rng(0).normal(size=(2, 1500))
    frame = pd.DataFrame({"time": hours, "load": 100 + 20 * wave + noise[0], "temperature": noise[1]})
    source = paths.root / "load.parquet"
    frame.to_parquet(source)
    assert added(paths, str(source), "forecasting", "load") == {
        "source": {"path": "load.parquet"},
        "reading": {"timestamp": "time", "values": ["load", "temperature"]},
        "split": {"validation": 0.1, "test": 0.1},
        "window": {"look_back": 48, "horizon": 24, "season": 24, "calendar": ["hour", "weekday"]},
    }
    assert "frequency: h" in capsys.readouterr().out


def test_long_series_with_gaps(paths):
    days = pd.date_range("2023-01-01", periods=200)
    sales = 50 + 20 * (np.arange(200) % 7 == 5) + np.random.default_rng(0).poisson(5, 200)
    frame = pd.concat([pd.DataFrame({"shop": shop, "day": days, "sold": sales}) for shop in "ABC"])
    source = write(paths, "shops.csv", frame.drop(index=50).to_csv(index=False))
    entry = added(paths, source, "forecasting", "shops")
    assert entry["reading"] == {"timestamp": "day", "series": "shop", "values": ["sold"], "gaps": "forward"}
    assert entry["split"] == {"validation": 14, "test": 21}
    assert entry["window"] == {"look_back": 14, "horizon": 7, "season": 7, "calendar": ["weekday"]}


def test_monthly_series_that_grows(paths):
    month = np.arange(144)
    values = np.round(np.exp(4.8 + 0.01 * month + 0.15 * np.sin(month * 2 * np.pi / 12)))
    stamps = pd.date_range("1949-01", periods=144, freq="MS").strftime("%Y-%m")
    source = write(paths, "passengers.csv", pd.DataFrame({"Month": stamps, "#Passengers": values}).to_csv(index=False))
    assert added(paths, source, "forecasting", "passengers") == {
        "source": {"path": "own/passengers.csv"},
        "reading": {"timestamp": "Month", "values": ["#Passengers"]},
        "split": {"validation": 24, "test": 36},
        "window": {"look_back": 24, "horizon": 12, "season": 12, "logarithm": True},
    }


def test_folder_of_novels(paths):
    for number in range(4):
        text = "\n".join(f"{line.capitalize()}, and so on." for line in sentences(400, number))
        write(paths, f"novels/volume_{number}.txt", text)
    entry = added(paths, str(paths.root / "own/novels"), "generation", "novels")
    assert entry == {
        "source": {"path": "own/novels"},
        "split": {"validation": 0.1, "test": 0.1},
        "window": {"unit": "character", "length": 32},
    }


@pytest.mark.parametrize(("first", "second"), [("de", "en"), ("source", "target")])
def test_two_aligned_files(paths, first, second):
    lines = sentences(400)
    write(paths, f"pairs/corpus.{second}", "\n".join(lines) + "\n")
    write(paths, f"pairs/corpus.{first}", "\n".join(line.upper() for line in lines) + "\n")
    entry = added(paths, str(paths.root / "own/pairs"), "seq2seq", "pairs")
    known = ("en", "de") if first == "de" else (first, second)  # the order in which the two are known
    assert entry["reading"] == dict(zip(("source", "target"), known, strict=True))
    assert entry["tokenizer"]["source"]["unit"] == "word"


def test_words_and_their_symbols(paths):
    chance = random.Random(0)
    words = sorted({"".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 9))) for _ in range(600)})
    content = "".join(f"{word}\t{' '.join(word.upper())}\n" for word in words)
    entry = added(paths, write(paths, "spoken.tsv", content), "seq2seq", "spoken", task="seq2seq", given={
        "reading.columns": ["word", "phones"]
    })  # fmt: skip
    assert entry["reading"] == {"columns": ["word", "phones"], "source": "word", "target": "phones"}
    assert [entry["tokenizer"][side]["unit"] for side in ("source", "target")] == ["character", "word"]


def test_chinese_reviews(paths):
    chance = random.Random(0)
    texts = ["".join(chance.choices("这部电影非常好看推荐大家去剧情很差", k=20)) + str(n) for n in range(300)]
    content = "评论,label\n" + "".join(f"{text},{n % 2}\n" for n, text in enumerate(texts))
    entry = added(paths, write(paths, "chinese.csv", content), "classification", "chinese")
    assert entry["reading"] == {"text": "评论", "label": "label"}
    assert entry["tokenizer"]["unit"] == "character" and entry["tokenizer"]["vectors"] == "none"


def test_semicolons_decimal_commas_and_latin_1(paths):
    rows = [
        f"très {text} été réussi;{n % 70 / 10:.1f};{'bon' if n % 2 else 'mauvais'}"
        for n, text in enumerate(sentences(500))
    ]
    content = "\n".join(["avis;note;catégorie", *(row.replace(".", ",") for row in rows)])
    entry = added(paths, write(paths, "avis.csv", content, "latin-1"), "classification", "avis")
    assert entry["reading"] == {"delimiter": ";", "encoding": "cp1252", "text": "avis", "label": "catégorie"}


def test_official_parts_by_files(paths, capsys):
    texts = sentences(500)
    for part, chosen in {"train": texts[:400], "test": texts[400:]}.items():
        rows = [f"{text},{'ab'[n % 2]}" for n, text in enumerate(chosen)]
        write(paths, f"topics/{part}.csv", "\n".join(["text,label", *rows]))
    entry = added(paths, str(paths.root / "own/topics"), "classification", "topics")
    assert entry["split"] == {"validation": 0.2}
    assert "official parts: train, test" in capsys.readouterr().out


def test_a_label_for_each_file(paths):
    texts = sentences(400)
    write(paths, "polarity/pos.txt", "\n".join(texts[:200]))
    write(paths, "polarity/neg.txt", "\n".join(texts[200:]))
    entry = added(paths, str(paths.root / "own/polarity"), "classification", "polarity")
    assert entry["reading"] == {"format": "text"}


def test_url_is_pinned(paths):
    content = "text,label\n" + "".join(f"{text},{'ab'[n % 2]}\n" for n, text in enumerate(sentences(300)))
    url = Path(write(paths, "far.csv", content)).as_uri()
    entry = added(paths, url, "classification", "far")
    assert entry["source"] == {"url": url, "sha256": hashlib.sha256(content.encode()).hexdigest()}


def test_local_times_across_a_change_of_the_clock(paths):
    local = pd.date_range("2023-10-01", periods=1440, freq="h", tz="Europe/Berlin").tz_localize(None)
    values = np.sin(np.arange(1440) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=1440) / 10
    source = write(paths, "local.csv", pd.DataFrame({"t": local, "v": values}).to_csv(index=False))
    with pytest.raises(UsageError, match=r"some times come twice, as when a clock is put back .* give --time-zone"):
        add(paths, source, given={"reading.timestamp": "t"})
    given = {"reading.time_zone": "Europe/Berlin"}
    entry = added(paths, source, "forecasting", "local", given=given)
    assert entry["reading"] == {"timestamp": "t", "values": ["v"], "time_zone": "Europe/Berlin"}
    assert entry["window"]["season"] == 24


def test_pairs_by_their_names_may_be_numbers(paths):
    rows = [f"{a} + {b}\t{a + b}" for a in range(20) for b in range(20)]
    entry = added(paths, write(paths, "sums.tsv", "\n".join(["src\ttgt", *rows])), "seq2seq", "sums")
    assert entry["reading"] == {"source": "src", "target": "tgt"}


# --- What is given ---


def test_what_is_given_is_not_guessed(paths):
    rows = [f"{text},{n % 3},{n % 2}" for n, text in enumerate(sentences(600))]
    source = write(paths, "two.csv", "\n".join(["words,stars,kind", *rows]))
    given = {"reading.label": "stars", "tokenizer.unit": "bpe", "split.salt": "mine"}
    entry = added(paths, source, "classification", "other", name="other", given=given)
    assert entry["reading"] == {"text": "words", "label": "stars"}
    assert entry["tokenizer"]["unit"] == "bpe" and entry["split"]["salt"] == "mine"


def test_a_given_key_tells_the_task(paths):
    days = pd.date_range("2024-01-01", periods=120).strftime("%Y-%m-%d")
    rows = [f"{day},{text},{n % 9}" for n, (day, text) in enumerate(zip(days, sentences(120), strict=True))]
    source = write(paths, "diary.csv", "\n".join(["date,remark,mood", *rows]))
    given = {"reading.values": ["mood"], "window.horizon": 5}
    entry = added(paths, source, "forecasting", "diary", given=given)
    assert entry["reading"]["values"] == ["mood"] and entry["window"]["horizon"] == 5


def test_an_answer_at_the_terminal(paths, monkeypatch):
    rows = [f"{text},{n % 3},{n % 2}" for n, text in enumerate(sentences(600))]
    source = write(paths, "two.csv", "\n".join(["words,stars,kind", *rows]))
    questions = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "kind")
    assert added(paths, source, "classification", "two")["reading"]["label"] == "kind"
    assert questions == [f"{source}: which column is the label (stars, kind)? "]


# --- What is written ---


def test_only_lines_are_added_each_key_with_its_reason(paths):
    before = paths.params.read_text(encoding="utf-8")
    source = write(paths, "r.csv", "text,label\n" + "".join(f"{t},{n % 2}\n" for n, t in enumerate(sentences(300))))
    add(paths, source, name="added")
    after = paths.params.read_text(encoding="utf-8")
    start = after.index("    added:\n")
    block = after[start : after.index("\n  # The same for all neural models", start)]
    assert after.replace("\n" + block, "") == before
    assert "        label: label # 2 labels: 0 150, 1 150\n" in block


def test_a_dry_run_prints_the_entry_and_writes_nothing(paths, capsys):
    source = write(paths, "r.csv", "text,label\n" + "".join(f"{t},{n % 2}\n" for n, t in enumerate(sentences(300))))
    before = paths.params.read_bytes()
    add(paths, source, dry_run=True)
    assert capsys.readouterr().out.startswith("    r:\n      source:\n        path: own/r.csv\n")
    assert paths.params.read_bytes() == before and not paths.resolved.exists()


def test_a_file_outside_the_project(paths, tmp_path_factory, capsys):
    source = tmp_path_factory.mktemp("elsewhere") / "r.csv"
    source.write_text("text,label\n" + "".join(f"{t},{n % 2}\n" for n, t in enumerate(sentences(300))))
    assert added(paths, str(source), "classification", "r")["source"] == {"path": str(source)}
    assert "outside the project: CI will not have it" in capsys.readouterr().out


def test_a_task_that_guesses_nothing_is_never_chosen():
    task, sample = find_task("classification"), Sample([])
    assert Task.suits(task, sample) == 0
    with pytest.raises(UserError, match="no entry of classification can be guessed"):
        Task.guess(task, sample)


def test_a_name_begins_with_a_letter(paths):
    source = write(paths, "2024.csv", "t,label\n" + "".join(f"{t},{n % 2}\n" for n, t in enumerate(sentences(300))))
    assert added(paths, source, "classification", "data_2024")["reading"]["text"] == "t"
    for name in ("2024", "null"):
        with pytest.raises(UsageError, match=f"'{name}' is no name"):
            add(paths, source, name=name)


# --- What is refused ---

TABLE = [f"{text},{n % 3},{n % 2}" for n, text in enumerate(sentences(60))]
DAYS = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d").tolist()


@pytest.mark.parametrize(
    ("name", "content", "options", "error", "message"),
    [
        (
            "x.csv",
            "\n".join(["words,stars,kind", *TABLE]),
            {},
            UsageError,
            "x.csv: which column is the label? give --label with one of: stars, kind",
        ),
        ("x.csv", "\n".join(["words,stars,kind", *TABLE]), {"name": "etth1"}, UsageError, "has a dataset 'etth1'"),
        ("x.csv", "\n".join(["words,stars,kind", *TABLE]), {"name": "a-b"}, UsageError, "'a-b' is no name"),
        ("x.csv", "\n".join(["words,stars,kind", *TABLE]), {"task": "clasification"}, UsageError, "did you mean"),
        (
            "x.csv",
            "\n".join(["words,stars,kind", *TABLE]),
            {"given": {"reading.label": "star"}},
            UsageError,
            "there is no column 'star'? give --label with one of: words, stars, kind",
        ),
        (
            "x.csv",
            "\n".join(["words,stars,kind", *TABLE]),
            {"task": "classification", "given": {"reading.label": "kind", "tokenizer.unti": "word"}},
            ConfigError,
            "classification.datasets.x.tokenizer.unti: unknown key; did you mean 'unit'?",
        ),
        (
            "x.csv",
            "date;sold\n" + "\n".join(f"{day};1,{n}" for n, day in enumerate(DAYS)),
            {},
            UserError,
            "the numbers of sold have decimal commas: write points",
        ),
        (
            "x.csv",
            "date,sold\n" + "\n".join(f"0{n % 9 + 1}/0{n % 9 + 1}/{2000 + n},{n}" for n in range(9)),
            {},
            UsageError,
            "how are the times written? give --time-format with one of: %d/%m/%Y, %m/%d/%Y",
        ),
        (
            "x.csv",
            "day,shop,sold,price\n" + "\n".join(f"{day},{shop},{n},{n}" for n, day in enumerate(DAYS) for shop in "ab"),
            {},
            UsageError,
            "give --values with one of: sold, price",
        ),
        ("x.csv", "", {}, UserError, "is empty"),
        ("x.bin", "\0\0\1\2\0\0", {}, UserError, "x.bin"),
    ],
)
def test_what_cannot_be_decided_or_read(paths, name, content, options, error, message):
    source, before = write(paths, name, content), paths.params.read_bytes()
    with pytest.raises(error) as caught:
        add(paths, source, **options)
    assert message in str(caught.value) and "/recur-" not in str(caught.value)
    assert paths.params.read_bytes() == before and not paths.expectations.exists()


def test_data_that_would_stop_the_run_are_named_as_they_were_given(paths):
    rows = [f"{text},{n % 2}" for n, text in enumerate(sentences(300))]
    source, before = write(paths, "x.csv", "\n".join(["text,label", *rows, "one,too,many"])), paths.params.read_bytes()
    with pytest.raises(UserError) as caught:
        add(paths, source)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{source}: 2 fields a row expected, but row 301 (line 302) has 3")
    assert lines[-1].startswith("nothing was written")
    assert paths.params.read_bytes() == before


def test_missing_and_empty_sources(paths):
    with pytest.raises(UserError, match=r"there is no file or folder 'none\.csv'"):
        add(paths, "none.csv")
    write(paths, "folders/pos/1.txt", "one")
    with pytest.raises(UserError, match=r"holds no files; its subfolders \(pos\) are not read"):
        add(paths, str(paths.root / "own/folders"))


def test_the_command_says_in_one_line_what_to_give(paths):
    source = write(paths, "x.csv", "\n".join(["words,stars,kind", *TABLE]))
    run = run_program(paths.root, "add", "own/x.csv")
    assert run.returncode == 2, source
    message = "error: recur add own/x.csv: which column is the label? give --label with one of: stars, kind\n"
    assert run.stderr.decode() == message
    run = run_program(paths.root, "add", "own/x.csv", "--label", "kind", "-S", "tokenizer.unit=character", "--dry-run")
    assert run.returncode == 0, run.stderr.decode()
    assert "unit: character # as you said" in run.stdout.decode()
