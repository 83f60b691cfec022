import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import stages.params
from stages.classification import plots
from stages.console import Problem
from stages.report import METRICS, escape_markdown, interval, points, report

PARAMS = """
seeds: [1, 2]
parallel: {{}}
datasets:
  mine: {{task: classification, source: {{path: mine.csv}}, reading: {{}}, split: {{}}, tokenizer: {{}}}}
classification:
  datasets: [mine]
  training: {{}}
  models: {{{models}}}
evaluation: {{}}
"""
HOSTILE = ["<script>alert(1)</script>", "a$b_c|d$", 'x" onload="y', "中文\x07 #010101 & co", "NA", "007"]
ACCURACY = {"majority": 0.5, "tfidf_logreg": 0.8, "lstm": 0.85, "cnn": 0.9}  # on test
VALIDATION = {"majority": 0.5, "tfidf_logreg": 0.8, "lstm": 0.9, "cnn": 0.85}
BASELINES = ("majority", "tfidf_logreg")
OUTPUTS = ("summary.json", "leaderboard.md", "index.html")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes all the reports of a dataset, `mine`."""
    monkeypatch.chdir(tmp_path)
    stages.params.load.cache_clear()
    yield write_inputs
    stages.params.load.cache_clear()


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def write_csv(path, rows):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_inputs(models=tuple(ACCURACY), labels=("bad", "good")):
    write("params.yaml", PARAMS.format(models=", ".join(f"{name}: {{}}" for name in models)))
    write("reports/compare/mine.json", json.dumps(compared(models)))
    for name in models:
        write_model(name, labels)
    parts = {name: dict.fromkeys(labels, count) for name, count in (("train", 8), ("validation", 1), ("test", 2))}
    told = {
        name: {"rows": sum(counts.values()), "labels": counts, "hash": f"hash of {name}"}
        for name, counts in parts.items()
    }
    dropped = {"contradicting labels": 1234, "repeated": 0}
    write("reports/split/mine.json", json.dumps({"official": ["test"], "rows": 30, "dropped": dropped, "parts": told}))
    tokens = {"texts": 16, "tokens": 900, "unknown_rate": 0.0321, "texts_cut": 3}
    tokens["length_quantiles"] = {"50": 12.0, "100": 99.0}
    encoded = {"unit": "word", "vocabulary": 4321, "train": tokens, "validation": tokens}
    write("reports/tokens/mine.json", json.dumps(encoded))
    write_audit({"shared_texts": []})
    checked = {"success": True, "files": [{"name": "mine.csv"}], "rows_read": 5678, "rows_dropped": {"blank line": 7}}
    checked |= {"rows": 30, "labels": dict.fromkeys(labels, 11), "expectations": [{"success": True}]}
    write("reports/validation/mine.json", json.dumps(checked))
    lengths = [("train", 5, 10), ("train", 9, 6), ("validation", 5, 0), ("validation", 9, 2)]
    write_csv("reports/plots/lengths/mine.csv", [("part", "tokens", "texts"), *lengths])


def write_audit(findings):
    write("reports/audit/mine.json", json.dumps({"passed": not any(findings.values()), "findings": findings}))


def compared(models):
    baselines = [name for name in BASELINES if name in models]
    best, best_baseline = max(models, key=VALIDATION.get), max(baselines, key=VALIDATION.get, default=None)
    told = {}
    for name in models:
        ends = {"mean": ACCURACY[name], "low": ACCURACY[name] - 0.04, "high": ACCURACY[name] + 0.03, "sd": 0.01}
        told[name] = {
            "metrics": {metric: ends | {"seeds": 2} for metric in METRICS},
            "baseline": name in baselines,
            "validation_accuracy": VALIDATION[name],
        }
        if best_baseline and name != best_baseline:
            difference = ACCURACY[name] - ACCURACY[best_baseline]
            versus = {"difference": difference, "p": 0.0123, "low": difference - 0.02, "high": difference + 0.02}
            told[name]["against_baseline"] = versus
    signature = {"part": "test", "split": "abc123", "items": 2000, "seeds": [1, 2], "vocabulary": 4321}
    signature |= {"average": "mean over seeds", "calibration_bins": 15}
    verdict = f"{best} is <best> of all."
    return {"best": best, "best_baseline": best_baseline, "models": told, "verdict": verdict, "signature": signature}


def write_model(name, labels):
    by_class = {label: {"precision": 0.25, "recall": 0.75, "support": 2} for label in labels}
    write(f"reports/metrics/mine/{name}.json", json.dumps({"size": 12345, "by_class": by_class}))
    timing = {"fit_seconds": 987.6, "examples_per_second": 3456.7}
    for stage in ("train", "evaluate"):
        write(f"reports/timings/{stage}/mine/{name}.json", json.dumps(timing))
    columns = ("seed", "epoch", "train_loss", "validation_accuracy", "validation_log_loss")
    epochs = [(1, 1, "", 0.5, 0.7)] if name in BASELINES else [(s, e, 1, e / 4, 1 / e) for s in (1, 2) for e in (1, 2)]
    write_csv(f"reports/plots/curves/mine/{name}.csv", [columns, *epochs])
    pairs = [(label, labels[0] if name == "majority" else label) for label in labels]
    write_csv(f"reports/plots/confusion/mine/{name}.csv", [("actual", "predicted"), *pairs])


def read(name):
    return Path("reports", name).read_text(encoding="utf-8")


class Page(HTMLParser):
    """What a browser makes of the page: tags, ids, links to places on it, and texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.texts, self.open = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for key, value in attributes:
            assert not key.startswith("on")
            if key == "id":
                self.ids.append(value)
            if key == "href":
                self.links.append(value)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(" ".join(data.split()))


def test_summary_copies_the_values_under_its_documented_keys(project):
    project()
    report()
    mine = json.loads(read("summary.json"))["datasets"]["mine"]
    assert {key: mine[key] for key in ("best", "best_baseline", "verdict")} == {
        "best": "lstm",
        "best_baseline": "tfidf_logreg",
        "verdict": "lstm is <best> of all.",
    }
    assert mine["signature"]["split"] == "abc123" and mine["signature"]["items"] == 2000
    assert list(mine["models"]) == sorted(ACCURACY)
    lstm = mine["models"]["lstm"]
    assert lstm["metrics"]["accuracy"] == {"mean": 0.85, "low": 0.81, "high": 0.88, "sd": 0.01, "seeds": 2}
    assert set(lstm["metrics"]) == {"accuracy", "macro_f1", "log_loss", "calibration_error"}
    assert (lstm["baseline"], lstm["validation_accuracy"], lstm["size"]) == (False, 0.9, 12345)
    assert lstm["against_baseline"] == {"difference": 0.05, "low": 0.03, "high": 0.07, "p": 0.0123}
    assert mine["models"]["tfidf_logreg"]["baseline"] is True
    assert "against_baseline" not in mine["models"]["tfidf_logreg"]


def test_leaderboard_ranks_by_test_accuracy_and_marks_the_choice(project):
    project()
    report()
    lines = read("leaderboard.md").splitlines()
    rows = [line for line in lines if re.match(r"\| (\*\*)?\w", line)][1:]
    assert [re.match(r"\| [*]*([\w\\]+)", row)[1] for row in rows] == ["cnn", "lstm", "tfidf\\_logreg", "majority"]
    assert rows[1] == (
        "| **lstm** (chosen on validation) | "
        + "0.850 [0.810, 0.880] | " * 4
        + "+5.0 [+3.0, +7.0] | 0.012 | 12,345 | 2 |"
    )
    assert rows[2].startswith("| tfidf\\_logreg (best baseline) |") and rows[2].endswith("| – | – | 12,345 | 2 |")
    assert "−30.0 [−32.0, −28.0]" in rows[3]
    assert "lstm is \\<best\\> of all." in lines
    assert "2,000 test items, split abc123, seeds 1, 2 (lstm), vocabulary 4,321" in lines[-1]
    assert "95 % intervals" in lines[2]


def test_only_the_page_holds_timings(project):
    project()
    report()
    assert "987.6" in read("index.html") and "3,457" in read("index.html")
    assert "987" not in read("summary.json") + read("leaderboard.md")
    assert "3456" not in read("summary.json") and "3,457" not in read("leaderboard.md")


def test_the_page_tells_about_the_data(project):
    project()
    report()
    texts = Page(read("index.html")).texts
    for told in (
        "5,678",
        "Dropped in reading: blank line",
        "−7",
        "Dropped in splitting: contradicting labels",
        "−1,234",
    ):
        assert told in texts
    assert "3.21 %" in texts  # unknown tokens
    assert any("1 of 1 expectations met" in text for text in texts)
    assert any("No leak found" in text for text in texts)
    assert any("a vocabulary of 4,321" in text for text in texts)


def test_the_page_names_what_the_audit_found(project):
    project()
    write_audit({"shared_texts": ["train and test share 1 text(s)"], "labels": []})
    report()
    texts = Page(read("index.html")).texts
    assert any("The audit found leaks" in text for text in texts)
    assert ": train and test share 1 text(s)" in texts


def test_the_page_loads_nothing_and_is_well_formed(project):
    project(labels=HOSTILE)
    report()
    text = read("index.html")
    assert not re.search(r"https?:|//|@import|\bsrc=|javascript:", text, re.IGNORECASE)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    assert page.tags.count("svg") == 1 + 2 + 3 + 1  # accuracy, curves, confusion of all but majority, lengths
    assert all(svg.startswith('role="img"><title>') for svg in re.findall(r"<svg [^>]*?(role.{8,20})", text))


def test_labels_are_shown_as_they_are(project):
    project(labels=HOSTILE)
    report()
    texts = Page(read("index.html")).texts
    for label in HOSTILE:
        shown = " ".join(label.split())
        assert texts.count(shown) >= 2, label  # the tables of classes and of parts
    assert texts.count("<script>alert(1…") == 2 * 3  # both axes of three confusion matrices
    assert texts.count("a$b_c|d$") == 2 + 2 * 3
    assert texts.count("NA") == 2 + 2 * 3  # a label, not a missing value
    assert texts.count("1") >= 3 * len(HOSTILE)  # each item is counted, that labelled 007 too


def test_one_model_and_that_a_baseline(project):
    project(models=("majority",))
    report()
    mine = json.loads(read("summary.json"))["datasets"]["mine"]
    assert mine["best"] == mine["best_baseline"] == "majority"
    assert "No model here is trained in epochs." in Page(read("index.html")).texts
    assert "(chosen on validation, best baseline)" in read("leaderboard.md")


def test_no_baseline(project):
    project(models=("cnn", "lstm"))
    report()
    mine = json.loads(read("summary.json"))["datasets"]["mine"]
    assert mine["best_baseline"] is None
    assert all("against_baseline" not in model for model in mine["models"].values())
    assert "Dashed" not in read("index.html")
    assert read("leaderboard.md").count("| – | – |") == 2


def test_tables_of_many_classes_are_folded(project):
    labels = [f"class {number:02}" for number in range(12)]
    project(labels=labels)
    report()
    few = read("index.html")
    assert "<details>" not in few
    project(labels=[*labels, "class 12"])
    report()
    assert read("index.html").count("<details>") == 2


def test_a_model_that_params_do_not_name_is_left_out(project):
    project()
    write("params.yaml", PARAMS.format(models="lstm: {}, tfidf_logreg: {}"))
    report()
    assert list(json.loads(read("summary.json"))["datasets"]["mine"]["models"]) == ["lstm", "tfidf_logreg"]
    assert "majority" not in read("leaderboard.md") + read("index.html")


@pytest.mark.parametrize(
    "path",
    [
        "compare/mine.json",
        "metrics/mine/cnn.json",
        "split/mine.json",
        "tokens/mine.json",
        "audit/mine.json",
        "validation/mine.json",
        "timings/train/mine/cnn.json",
        "timings/evaluate/mine/cnn.json",
        "plots/curves/mine/cnn.csv",
        "plots/confusion/mine/cnn.csv",
        "plots/lengths/mine.csv",
    ],
)
def test_a_missing_input_is_named(project, path):
    project()
    Path("reports", path).unlink()
    with pytest.raises(Problem) as raised:
        report()
    assert str(raised.value) == f"reports/{path} is missing: run `dvc repro` first"
    assert not any(Path("reports", name).exists() for name in OUTPUTS)


def test_an_empty_table_is_named(project):
    project()
    write("reports/plots/lengths/mine.csv", "")
    with pytest.raises(
        Problem, match=r"reports/plots/lengths/mine\.csv is not valid CSV .*: remove it and run `dvc repro`"
    ):
        report()


def test_a_comparison_without_a_model_is_told(project):
    project(models=("majority", "cnn"))
    write("params.yaml", PARAMS.format(models="majority: {}, cnn: {}, lstm: {}"))
    with pytest.raises(
        Problem, match=r"compare/mine\.json has no model lstm, which params\.yaml names: run `dvc repro`"
    ):
        report()


def test_two_runs_give_the_same_bytes(project):
    project(labels=HOSTILE)
    report()
    first = [Path("reports", name).read_bytes() for name in OUTPUTS]
    report()
    assert [Path("reports", name).read_bytes() for name in OUTPUTS] == first


@pytest.mark.parametrize("count", [2, 10, 11, 60])
def test_a_confusion_matrix_counts_only_few_classes(count):
    labels = [f"<{number:02}>" for number in range(count)]
    pairs = pd.DataFrame({"actual": labels * 2, "predicted": labels + [labels[0]] * count})
    svg = ElementTree.fromstring(plots.confusion(pairs, labels, "name", "A title & more"))
    texts = [element.text for element in svg.iter("text")]
    shown = [text for text in texts if text.startswith("<")]
    assert svg.find("title").text == "A title & more"
    assert texts.count("1") == (2 * (count - 1) if count <= plots.NUMBERED else 0)
    assert len(shown) == 2 * count if count <= plots.TICKS else len(shown) <= 2 * plots.TICKS


def test_pictures_take_all_colours_from_the_page():
    models = {name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1} for name, mean in ACCURACY.items()}
    table = pd.DataFrame({"seed": [1, 1], "epoch": [1, 2], "validation_accuracy": [0.1, 0.2]})
    names = [f"model_{number:02}" for number in range(20)]
    curves = plots.curves(dict.fromkeys(names, table), "validation_accuracy", names, table, "curves")
    for svg in (plots.intervals(models, "lstm", "majority", "intervals", "title"), curves):
        colours = re.findall(r"(?:fill|stroke): (?!none)([^;\"]+)", svg)
        assert colours and all(re.fullmatch(r"var\(--[a-z]+(-\d)?\)", colour) for colour in colours), set(colours)
    assert len(set(re.findall(r"var\(--series-\d\)", curves))) == len(plots.SERIES)


def test_words_for_figures():
    assert interval({"mean": 0.795, "low": 0.77, "high": 0.82}) == "0.795 [0.770, 0.820]"
    assert points({"difference": 0.012, "low": -0.003, "high": 0.027}) == "+1.2 [−0.3, +2.7]"


def test_markdown_is_escaped():
    assert escape_markdown("a|b_c*d\n<e> `f` [g](h) $i$ &lt; #1 ~j~ \\k") == (
        "a\\|b\\_c\\*d \\<e\\> \\`f\\` \\[g\\](h) \\$i\\$ \\&lt; \\#1 \\~j\\~ \\\\k"
    )
