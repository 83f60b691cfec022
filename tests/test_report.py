import csv
import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from small_params import others

import stages.params
from stages import charts
from stages.classification import plots
from stages.classification.claims import CLAIMS
from stages.classification.comparison import MEASURE, METRICS
from stages.classification.report import quarter_range, shaded
from stages.console import Problem
from stages.gathering import claims
from stages.pictures import SERIES, apart
from stages.report import report
from stages.wording import escape_markdown, interval, megabytes, signature_line

PARAMS = (
    """
seeds: [1, 2]
parallel: {}
datasets:
  mine: {task: classification, source: {path: mine.csv}, reading: {}, split: {}, tokenizer: {}}
classification:
  datasets: [mine]
  training: {}
  models: {MODELS}
"""
    + others("classification")
    + "evaluation: {}\n"
)
HOSTILE = ["<script>alert(1)</script>", "a$b_c|d$", 'x" onload="y', "中文\x07 #010101 & co", "NA", "007"]
ACCURACY = {"majority": 0.5, "tfidf_logreg": 0.8, "lstm": 0.85, "cnn": 0.9}  # on test
ACCURACIES = ACCURACY | dict(
    zip(("nbsvm", "rnn", "gru", "bilstm", "attention", "cnn_lstm"), (0.79, 0.7, 0.84, 0.83, 0.86, 0.88), strict=True)
)
VALIDATION = ACCURACIES | {"lstm": 0.9, "cnn": 0.85, "cnn_lstm": 0.85}
BASELINES = ("majority", "tfidf_logreg", "nbsvm")
OUTPUTS = ("summary.json", "leaderboard.md", "index.html", "examples.html")
HOSTILE_TEXT = 'A <script>alert("1")</script> text, it\'s "quoted" & onclick="x"'
TEN = ("majority", "tfidf_logreg", "nbsvm", "rnn", "lstm", "gru", "bilstm", "attention", "cnn", "cnn_lstm")


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
    write("params.yaml", PARAMS.replace("MODELS", ", ".join(f"{name}: {{}}" for name in models)))
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


def versus(one, other):
    difference = ACCURACIES[one] - ACCURACIES[other]
    real = abs(difference) > 0.03
    ends = {"difference": difference, "low": difference - 0.02, "high": difference + 0.02}
    return ends | {"p": 0.0012, "p_corrected": 0.0123 if real else 0.4}


def compared(models):
    baselines = [name for name in BASELINES if name in models]
    best, best_baseline = max(models, key=VALIDATION.get), max(baselines, key=VALIDATION.get, default=None)
    told = {}
    for name in models:
        ends = {"mean": ACCURACIES[name], "low": ACCURACIES[name] - 0.04, "high": ACCURACIES[name] + 0.03, "sd": 0.01}
        told[name] = {
            "metrics": {metric: ends | {"seeds": 2} for metric in METRICS},
            "baseline": name in baselines,
            "validation_accuracy": VALIDATION[name],
        }
        if best_baseline and name != best_baseline:
            told[name]["against_baseline"] = versus(name, best_baseline)
    signature = {"part": "test", "split": "abc123", "items": 2000, "seeds": [1, 2], "vocabulary": 4321}
    signature |= {"average": "mean over seeds", "calibration_bins": 15}
    outcome = {"best": best, "best_baseline": best_baseline, "models": told, "verdict": f"{best} is <best> of all."}
    pairs = [{"one": one, "other": other} | versus(one, other) for one, other in combinations(models, 2)]
    decided = [
        claimed(claim, "yes" if claim.worse == "rnn" else "not proven")
        for claim in CLAIMS
        if {claim.better, claim.worse} <= set(models)
    ]
    return outcome | {"signature": signature, "pairs": pairs, "claims": decided}


def claimed(claim, holds):
    row = versus(claim.better, claim.worse)
    del row["p_corrected"]
    accuracies = {"accuracy": ACCURACIES[claim.better], "other_accuracy": ACCURACIES[claim.worse]}
    return claim._asdict() | {"items": 512} | accuracies | row | {"holds": holds}


def write_model(name, labels):
    accuracy = ACCURACIES[name]
    by_class = {label: {"precision": 0.25, "recall": 0.75, "support": 2} for label in labels}
    by_length = [{"from": 5 * n + 1, "to": 5 * n + 5, "accuracy": accuracy - 0.02 * n} for n in range(4)]
    by_unknown = [{"from": n / 10, "to": n / 10 + 0.0421, "accuracy": accuracy - 0.03 * n} for n in range(2)]
    measured = {"size": 12345, "bytes": 2_300_678, "by_class": by_class}
    measured |= {"by_length": by_length, "by_unknown": by_unknown, "signature": {"part": "test"}}
    write(f"reports/metrics/mine/{name}.json", json.dumps(measured))
    write(f"reports/examples/mine/{name}.json", json.dumps(examples(name, labels)))
    fast = 10 if name == "cnn" else 1
    for stage, speed in {"train": 3456.7, "evaluate": 200}.items():
        timing = {"fit_seconds": 987.6, "examples_per_second": speed * fast}
        write(f"reports/timings/{stage}/mine/{name}.json", json.dumps(timing))
    columns = ("seed", "epoch", "train_loss", "validation_accuracy", "validation_log_loss")
    epochs = [(1, 1, "", 0.5, 0.7)] if name in BASELINES else [(s, e, 1, e / 4, 1 / e) for s in (1, 2) for e in (1, 2)]
    write_csv(f"reports/plots/curves/mine/{name}.csv", [columns, *epochs])
    pairs = [(label, labels[0] if name == "majority" else label) for label in labels]
    write_csv(f"reports/plots/confusion/mine/{name}.csv", [("actual", "predicted"), *pairs])


def examples(name, labels):
    told = {"id": "1", "text": HOSTILE_TEXT, "label": labels[0], "predicted": labels[-1], "confidence": 0.9712}
    words = [
        {"token": word, "weight": 0.1 + 0.2 * (word == '"1"')} for word in re.findall(r'"1"|\w+|[<>]', HOSTILE_TEXT)
    ]
    weighted = [told | {"tokens": words}, told | {"text": "", "tokens": []}]
    attended = {"surest and right": weighted, "surest and wrong": [], "random": weighted}
    return {"mistakes": [told], "attended": attended if name == "attention" else None}


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


def test_a_figure_that_is_a_bound_is_marked(project):
    project()
    path = Path("reports/metrics/mine/cnn.json")
    write(path, json.dumps(json.loads(path.read_text()) | {"signature": {"bound": True}}))
    report()
    assert "| cnn (an upper bound) |" in read("leaderboard.md")
    assert "<small>an upper bound</small>" in read("index.html")


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
    assert lstm["bytes"] == 2_300_678
    assert lstm["against_baseline"] == {
        "difference": 0.05,
        "low": 0.03,
        "high": 0.07,
        "p": 0.0012,
        "p_corrected": 0.0123,
    }
    assert mine["models"]["tfidf_logreg"]["baseline"] is True
    assert "against_baseline" not in mine["models"]["tfidf_logreg"]
    assert len(mine["pairs"]) == 6  # of four models
    assert mine["pairs"][0] == {"one": "majority", "other": "tfidf_logreg"} | {
        "difference": -0.3,
        "low": -0.32,
        "high": -0.28,
        "p": 0.0012,
        "p_corrected": 0.0123,
    }
    assert [(claim["better"], claim["worse"]) for claim in mine["claims"]] == [
        ("lstm", "tfidf_logreg"),
        ("cnn", "lstm"),
    ]
    assert mine["claims"][1] == {
        "words": "Convolutions serve sequences as well as recurrence",
        "better": "cnn",
        "worse": "lstm",
        "texts": "all",
        "items": 512,
        "accuracy": 0.9,
        "other_accuracy": 0.85,
        "difference": 0.05,
        "low": 0.03,
        "high": 0.07,
        "p": 0.0012,
        "holds": "not proven",
    }


def test_leaderboard_ranks_by_test_accuracy_and_marks_the_choice(project):
    project()
    report()
    lines = read("leaderboard.md").splitlines()
    rows = [line for line in lines if re.match(r"\| (\*\*)?\w", line)][1:]
    assert [re.match(r"\| [*]*([\w\\]+)", row)[1] for row in rows] == ["cnn", "lstm", "tfidf\\_logreg", "majority"]
    assert rows[1] == (
        "| **lstm** (chosen on validation) | "
        + "0.850 [0.810, 0.880] | " * 4
        + "+5.0 [+3.0, +7.0] | 0.012 | 12,345 | 2.3 | 2 |"
    )
    assert rows[2].startswith("| tfidf\\_logreg (best baseline) |") and rows[2].endswith("| – | – | 12,345 | 2.3 | 2 |")
    assert "−30.0 [−32.0, −28.0]" in rows[3]
    assert "lstm is \\<best\\> of all." in lines
    assert "2,000 test items, split abc123, seeds 1, 2 (lstm), vocabulary 4,321" in lines[-1]
    assert "95 % intervals" in lines[2]


def test_only_the_page_holds_timings(project):
    project()
    report()
    assert "987.6" in read("index.html") and "3,457" in read("index.html")
    others = read("summary.json") + read("leaderboard.md") + read("examples.html")
    assert "987" not in others and "3456" not in others and "3,457" not in others


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


def check_page(text, other):
    assert not re.search(r"https?:|//|@import|\bsrc=|javascript:", text, re.IGNORECASE)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link.partition("#")[0] for link in page.links} <= {"", other}
    return page


def test_the_pages_load_nothing_and_are_well_formed(project):
    project(models=TEN, labels=HOSTILE)
    report()
    text = read("index.html")
    page, texts = check_page(text, "examples.html"), check_page(read("examples.html"), "index.html")
    assert {link.partition("#")[2] for link in page.links if link.startswith("examples.html#")} <= set(texts.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    # accuracy, cost, curves, quarters by length and unknown words, confusion of all but majority, lengths
    assert page.tags.count("svg") == 1 + 1 + 2 + 2 + 9 + 1
    assert all(svg.startswith('role="img"><title>') for svg in re.findall(r"<svg [^>]*?(role.{8,20})", text))


def table_rows(text, label):
    """Return the texts of the cells, row by row, of the first table with this label."""
    table = re.search(rf'aria-label="{label}.*?</table>', text, re.DOTALL)[0]
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def test_quality_stands_beside_cost(project):
    project()
    report()
    row = next(row for row in table_rows(read("index.html"), "Means over seeds") if row[0].startswith("cnn"))
    assert row[1:5] == ["0.900 [0.860, 0.930]"] * 4
    assert row[5:] == ["+10.0 [+8.0, +12.0]", "0.012", "12,345", "2.3", "2", "987.6", "34,567", "2,000"]
    assert "before correction: 0.0012" in read("index.html")


def test_claims_are_told_with_the_figures_that_decide_them(project):
    project(models=("rnn", "lstm", "gru", "bilstm", "cnn"))
    report()
    rows = table_rows(read("index.html"), "Does the first model")
    gates = ["mine", "Yes", "gru against rnn longest quarter (512)", "+14.0 [+12.0, +16.0]", "0.0012", "0.840", "0.700"]
    assert ["Gates help on longer texts", *gates] in rows
    both = ["mine", "Not proven", "bilstm against lstm all items (512)", "−2.0 [−4.0, 0.0]", "0.0012", "0.830", "0.850"]
    assert ["Both directions help", *both] in rows
    speed = ["mine", "Yes", "cnn against lstm in training", "10.00 ×", "–", "34,567/s", "3,457/s"]
    assert ["Convolutions are faster than recurrence", *speed] in rows
    assert ["mine", "Yes", "cnn against gru in prediction", "10.00 ×", "–", "2,000/s", "200/s"] in rows


@pytest.mark.parametrize(
    ("speed", "holds"), [(110, "Equally fast"), (95, "Equally fast"), (111, "Yes"), (90, "No, the")]
)
def test_speeds_count_as_equal_within_their_noise(speed, holds):
    timings = ({stage: {"examples_per_second": number} for stage in ("train", "evaluate")} for number in (speed, 100))
    models = dict(zip(("cnn", "lstm"), ({"timings": timing} for timing in timings), strict=True))
    rows = claims({"mine": {"measure": MEASURE, "compare": {"claims": []}, "models": models}})[
        "Convolutions are faster than recurrence"
    ]
    assert [row["holds"].startswith(holds) for row in rows] == [True, True]


def test_claims_about_models_that_are_not_there_are_left_out(project):
    project(models=("majority", "lstm", "gru"))
    report()
    page = read("index.html")
    assert "What the notes claim" not in page and "Gates" not in page and "faster" not in page
    assert json.loads(read("summary.json"))["datasets"]["mine"]["claims"] == []


def test_the_matrix_colours_what_is_proven(project):
    project(models=("cnn", "gru", "lstm"))
    report()
    assert table_rows(read("index.html"), "The row’s model less") == [
        ["Model", "cnn", "lstm", "gru"],
        ["cnn", "·", "+5.0", "+6.0"],
        ["lstm", "−5.0", "·", "+1.0"],
        ["gru", "−6.0", "−1.0", "·"],
    ]
    cells = re.findall(r'<td( class="\w+")? title="(\w+) against (\w+)[^"]*?(, not proven)?">', read("index.html"))
    classes = {(one, other): (kind[8:-1], unproven) for kind, one, other, unproven in cells}
    assert classes["cnn", "gru"] == ("more", "") and classes["gru", "cnn"] == ("less", "")
    assert classes["lstm", "gru"] == ("", ", not proven")


def test_texts_stand_on_the_page_of_examples_alone_and_are_escaped(project):
    project(models=("cnn", "attention"))
    report()
    assert "quoted" not in "".join(read(name) for name in OUTPUTS if name != "examples.html")
    text = read("examples.html")
    assert '<mark style="--w:1.00" title="0.3000">&#34;1&#34;</mark>' in text
    assert '<mark style="--w:0.33" title="0.1000">script</mark>' in text
    texts = Page(text).texts
    assert texts.count(HOSTILE_TEXT) == 2  # a mistake of each model
    assert texts.count("97.1 % confidence") == 0 and text.count("97.1 % confidence") == 2 + 4
    assert texts.count("(no words)") == 2
    assert "What the model attention attends to" in texts


def test_without_attention_there_are_only_mistakes(project):
    project()
    report()
    assert "attends" not in read("examples.html") and "<mark" not in read("examples.html")


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
    folded = few.count("<details>")
    project(labels=[*labels, "class 12"])
    report()
    assert read("index.html").count("<details>") == folded + 2


def test_a_model_that_params_do_not_name_is_left_out(project):
    project()
    write("params.yaml", PARAMS.replace("MODELS", "lstm: {}, tfidf_logreg: {}"))
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
        "examples/mine/cnn.json",
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
    write("params.yaml", PARAMS.replace("MODELS", "majority: {}, cnn: {}, lstm: {}"))
    with pytest.raises(
        Problem, match=r"compare/mine\.json has no model lstm, which params\.yaml names: run `dvc repro`"
    ):
        report()


def test_a_comparison_that_chose_another_model_is_told(project):
    project()
    write("params.yaml", PARAMS.replace("MODELS", "tfidf_logreg: {}, cnn: {}"))
    with pytest.raises(
        Problem, match=r"compare/mine\.json chose lstm, which params\.yaml does not name: run `dvc repro`"
    ):
        report()


def test_two_runs_give_the_same_bytes(project):
    project(models=("nbsvm", "lstm", "attention"), labels=HOSTILE)
    report()
    first = [Path("reports", name).read_bytes() for name in OUTPUTS]
    report()
    assert [Path("reports", name).read_bytes() for name in OUTPUTS] == first


@pytest.mark.parametrize("count", [2, 10, 11, 60])
def test_a_confusion_matrix_counts_only_few_classes(count):
    labels = [f"<{number:02}>" for number in range(count)]
    pairs = pd.DataFrame({"actual": labels * 2, "predicted": labels + [labels[0]] * count})
    svg = ElementTree.fromstring(plots.confusion(pairs, labels, "name", "one & more"))
    texts = [element.text for element in svg.iter("text")]
    shown = [text for text in texts if text.startswith("<")]
    assert svg.find("title").text == "Confusion matrix of one & more"
    assert texts.count("1") == (2 * (count - 1) if count <= plots.NUMBERED else 0)
    assert len(shown) == 2 * count if count <= plots.TICKS else len(shown) <= 2 * plots.TICKS


def test_pictures_take_all_colours_from_the_page():
    models = {name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1} for name, mean in ACCURACY.items()}
    table = pd.DataFrame({"seed": [1, 1], "epoch": [1, 2], "validation_accuracy": [0.1, 0.2]})
    names = [f"model_{number:02}" for number in range(20)]
    quarters = plots.quarters({name: [0.7, 0.8] for name in names}, ["1–5", "6–9"], "tokens", names, "quarters")
    for svg in (
        charts.intervals(models, MEASURE, "lstm", "majority", "intervals"),
        charts.cost(models, MEASURE, dict.fromkeys(models, 0.0), "lstm", "cost"),
        charts.curves(dict.fromkeys(names, table), "validation_accuracy", table, "curves"),
        quarters,
    ):
        colours = re.findall(r"(?:fill|stroke): (?!none)([^;\"]+)", svg)
        assert colours and all(re.fullmatch(r"var\(--[a-z]+(-\d)?\)", colour) for colour in colours), set(colours)
    assert len(set(re.findall(r"var\(--series-\d\)", quarters))) == len(SERIES)


def test_names_in_pictures_do_not_overlap():
    accuracy = {name: {"mean": 0.8, "low": 0.7, "high": 0.9} for name in TEN}
    seconds = dict.fromkeys(TEN, 12.5)  # all dots in one place
    cost = charts.cost(accuracy, MEASURE, seconds, "lstm", "cost")
    quarters = plots.quarters({name: [0.5, 0.8] for name in TEN}, ["1–5", "6–9"], "tokens", list(TEN), "quarters")
    for svg in (cost, quarters):
        places = {}
        for text in ElementTree.fromstring(svg).iter("text"):
            if text.text in TEN:
                x, y = re.search(r"translate\(([\d.]+) ([\d.]+)\)|$", text.get("transform", "")).groups()
                places[text.text] = (float(x or text.get("x")), float(y or text.get("y")))
        assert set(places) == set(TEN)
        for (one, (x, y)), (other, (across, down)) in combinations(places.items(), 2):
            assert abs(y - down) > 9 or abs(x - across) > 5 * min(len(one), len(other)), (one, other)


def test_places_are_moved_apart_as_little_as_possible():
    assert apart([5.0, 1.0, 1.2], 1.0) == pytest.approx([5.0, 0.6, 1.6])
    assert apart([0.0, 2.0], 1.0) == [0.0, 2.0]


def test_a_text_is_shaded_by_the_weights_of_its_words():
    tokens = [{"token": "a", "weight": 0.1}, {"token": "b\n c", "weight": 0.4}, {"token": "gone", "weight": 0.2}]
    assert shaded("a (b c) d", tokens) == [("a", 0.1, 0.25), (" (", None, 0.0), ("b c", 0.4, 1.0), (" …", None, 0.0)]
    assert shaded("a", [{"token": "a", "weight": 0.0}]) == [("a", 0.0, 0.0)]
    assert shaded("", []) == []


def test_words_for_figures():
    assert interval({"mean": 0.795, "low": 0.77, "high": 0.82}) == "0.795 [0.770, 0.820]"
    assert MEASURE.versus({"difference": 0.012, "low": -0.003, "high": 0.027}) == "+1.2 [−0.3, +2.7]"
    assert [MEASURE.signed(value) for value in (-0.0001, 0.0001, -0.1004, 0.1)] == ["0.0", "0.0", "−10.0", "+10.0"]
    assert [megabytes(count) for count in (2_345_678, 49_999, 1_234_567_890)] == ["2.3", "<0.1", "1,234.6"]
    assert quarter_range({"from": 2.0, "to": 14.0}, "by_length") == "2–14"
    assert quarter_range({"from": 0.0, "to": 0.0421}, "by_unknown") == "0–4.2 %"
    assert quarter_range({"from": 0.0, "to": 0.0}, "by_unknown") == "0 %"


def test_markdown_is_escaped():
    assert escape_markdown("a|b_c*d\n<e> `f` [g](h) $i$ &lt; #1 ~j~ \\k") == (
        "a\\|b\\_c\\*d \\<e\\> \\`f\\` \\[g\\](h) \\$i\\$ \\&lt; \\#1 \\~j\\~ \\\\k"
    )


@pytest.mark.parametrize("items, warned", [(5, True), (6, False)])
def test_so_few_items_that_nothing_can_be_proven_are_called_so(items, warned):
    signature = {"items": items, "part": "test", "split": "abc", "seeds": [1], "average": "mean over seeds"}
    assert ("too few to prove" in signature_line({"signature": signature, "best": "gru"})) == warned
