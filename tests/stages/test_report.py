"""`report`: what all tasks share of the page, the leaderboard and the summary."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stages import report as module
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.report import report
from stages.reporting import pages
from stages.runtime.errors import UserError
from stages.runtime.files import write_json
from tests.evaluation.test_metric import ACCURACY
from tests.reporting.results import FOUR, OUTPUTS, TEST, Page, check_page, name_models, read, table_rows, update_json
from tests.reporting.results import write_results as write
from tests.toy_task import FOLDER, TASK

LOSS = Metric("log_loss", "Log loss", "nats", lambda sums: sums[..., 0], "In <nats>.", higher_is_better=False)
ALL_INPUTS = (
    *(f"{kind}/mine.json" for kind in ("compare", "split", "audit", "validation", "prepare")),
    *(f"{kind}/mine/cnn.json" for kind in ("evaluation", "timings/train", "timings/evaluate")),
    "plots/curves/mine/cnn.csv",
)


class Scored(type(TASK)):
    """The toy task with metrics and hypotheses that are easy to read; its template is the toy's own."""

    metrics = (ACCURACY, LOSS)
    hypotheses = (
        Hypothesis("Gates help on longer texts", "lstm", "rnn", "longer"),
        Hypothesis("Gates help on longer texts", "gru", "rnn", "longer"),
        Hypothesis("Both directions help", "bilstm", "lstm"),
        Hypothesis("Order matters", "lstm", "tfidf_logreg"),
        Hypothesis("Convolutions serve as well as recurrence", "cnn", "lstm"),
    )

    def report_context(self, dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what the template needs."""
        return {"deviation": 1.5}


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A dataset of the toy task, of which nothing is written yet."""
    monkeypatch.setattr(module, "find_task", lambda name: Scored())
    monkeypatch.setattr(pages, "TASKS", FOLDER / "tasks")
    return Dataset(Paths(tmp_path), "toy", "mine")


@pytest.fixture
def make(mine: Dataset) -> Callable[..., Dataset]:
    """A function that writes the results of some models and the report of them."""

    def call(models: tuple[str, ...] = FOUR) -> Dataset:
        write(mine, Scored(), models)
        report(mine.paths)
        return mine

    return call


def summary(dataset: Dataset) -> dict[str, Any]:
    return json.loads(read(dataset, "summary.json"))["datasets"]["mine"]


def test_summary_copies_the_values_under_its_documented_keys(make):
    mine = summary(make())
    keys = {"best", "best_baseline", "verdict", "sample", "by_group", "signature", "models", "pairs", "hypotheses"}
    assert set(mine) == keys
    assert (mine["best"], mine["best_baseline"]) == ("lstm", "tfidf_logreg")
    assert mine["verdict"] == "lstm is <best> of all."
    assert mine["signature"]["split"] == "abc123" and mine["signature"]["items"] == 2000
    assert list(mine["models"]) == sorted(FOUR)
    lstm, proven = mine["models"]["lstm"], {"p": 0.0012, "p_corrected": 0.0123}
    proven |= {"independent": 2000.0, "over_seeds": True}
    assert lstm["metrics"]["accuracy"] == {"mean": 0.85, "low": 0.81, "high": 0.88, "sd": 0.01, "seeds": 2}
    assert list(lstm["metrics"]) == ["accuracy", "log_loss"]
    assert (lstm["baseline"], lstm["validation_accuracy"], lstm["num_params"]) == (False, 0.9, 12345)
    assert lstm["bytes"] == 2_300_678
    assert lstm["against_baseline"] == {"difference": 0.05, "low": 0.03, "high": 0.07} | proven
    assert mine["models"]["tfidf_logreg"]["baseline"] is True
    assert "against_baseline" not in mine["models"]["tfidf_logreg"]
    assert len(mine["pairs"]) == 6
    first = {"one": "majority", "other": "tfidf_logreg", "difference": -0.3, "low": -0.32, "high": -0.28}
    assert mine["pairs"][0] == first | proven
    assert mine["hypotheses"][1] == {
        "words": "Convolutions serve as well as recurrence",
        "better": "cnn",
        "worse": "lstm",
        "items": "all",
        "num_items": 512,
        "accuracy": 0.9,
        "other_accuracy": 0.85,
        "difference": 0.05,
        "low": 0.03,
        "high": 0.07,
        "p": 0.0012,
        "p_corrected": pytest.approx(0.0024),
        "independent": 2000.0,
        "over_seeds": True,
        "undecidable": None,
        "holds": "yes",
    }


def test_leaderboard_ranks_by_the_primary_metric_on_test_and_marks_the_choice(make):
    lines = read(make(), "leaderboard.md").splitlines()
    header, *rows = [line for line in lines[lines.index("## mine") :] if re.match(r"\| (\*\*)?\w", line)]
    assert header == ("| Model | Accuracy | Log loss ↓ | Against the best baseline | p | Parameters | MB | Seeds |")
    assert [re.match(r"\| [*]*([\w\\]+)", row)[1] for row in rows] == ["cnn", "lstm", "tfidf\\_logreg", "majority"]
    assert rows[1] == (
        "| **lstm** (chosen on validation) | "
        + "0.850 [0.810, 0.880] | " * 2
        + "+5.0 [+3.0, +7.0] | 0.012 | 12,345 | 2.3 | 2 |"
    )
    assert rows[2].startswith("| tfidf\\_logreg (best baseline on validation) |")
    assert rows[2].endswith("| – | – | 12,345 | 2.3 | 1 |")
    assert "−30.0 [−32.0, −28.0]" in rows[3]
    assert "2,000 test items, each by itself; split abc123, seeds 1, 2 (lstm), vocabulary 4,321" in lines[-1]
    assert "95 % intervals" in read(make(), "leaderboard.md")


def test_leaderboard_answers_first(make):
    lines = read(make(), "leaderboard.md").splitlines()
    row = "| mine: Accuracy | `lstm` | 0.850 [0.810, 0.880] | `tfidf_logreg` 0.800 [0.760, 0.830] | +5.0 [+3.0, +7.0] |"
    assert lines[0] == "# Leaderboard" and lines[4] == row
    assert lines[6] == "- mine: lstm is \\<best\\> of all."


def test_where_lower_is_better_the_lowest_is_on_top(make, monkeypatch):
    lower = Metric("accuracy", "Error", "errors", lambda sums: sums[..., 0], "", higher_is_better=False)
    monkeypatch.setattr(Scored, "metrics", (lower, LOSS))
    _, _, table = read(make(("cnn", "gru", "lstm")), "leaderboard.md").partition("## mine")
    rows = re.findall(r"^\| [*]*([a-z]\w*)", table, re.MULTILINE)
    assert rows == ["gru", "lstm", "cnn"]


def test_a_model_that_is_an_upper_bound_is_marked(make):
    mine = make()
    update_json(mine.report("evaluation", "cnn"), {"signature": {"upper_bound": True}})
    report(mine.paths)
    assert "| cnn (an upper bound) |" in read(mine, "leaderboard.md")
    assert "<small>an upper bound</small>" in read(mine, "index.html")


def test_only_the_page_holds_timings(make):
    mine = make()
    assert "987.6" in read(mine, "index.html") and "3,457" in read(mine, "index.html")
    others = "".join(read(mine, name) for name in OUTPUTS if name != "index.html")
    assert not re.search(r"987|3456|3,457", others)


def test_the_pages_load_nothing_and_are_well_formed(make):
    mine = make(tuple(TEST))
    text = read(mine, "index.html")
    page, examples = check_page(text, "examples.html"), check_page(read(mine, "examples.html"), "index.html")
    assert {link.partition("#")[2] for link in page.links if link.startswith("examples.html#")} <= set(examples.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    assert page.tags.count("svg") == 3  # intervals, cost, curves
    assert all(svg.startswith('role="img"><title>') for svg in re.findall(r"<svg [^>]*?(role.{8,20})", text))
    assert "<best>" not in text and "lstm is &lt;best&gt; of all." in text


def test_the_glossary_explains_each_metric_once(make):
    text = read(make(), "index.html")
    assert text.count("<dt>Accuracy</dt>") == 1 and "Share of items that were predicted right." in text
    assert "In &lt;nats&gt;." in text


def test_quality_is_beside_cost(make):
    text = read(make(), "index.html")
    rows = {label: table_rows(text, label) for label in ("Means over seeds", "What each model costs")}
    quality, costs = ({row[0].split()[0]: row[1:] for row in table} for table in rows.values())
    assert quality["cnn"] == [*["0.900 [0.860, 0.930]"] * 2, "+10.0 [+8.0, +12.0]", "0.012"]
    assert costs["cnn"] == ["988", "34,567", "2,000", "12,345", "2.3", "2", "0.010"]
    assert "before correction: 0.0012" in text


def test_one_seed_has_no_spread(make):
    text = read(make(), "index.html")
    assert '<td>1</td>\n<td title="one seed has no spread">–</td>' in text


def answers(text: str) -> str:
    """Return the words of the table at the top."""
    table = re.search(r'<table class="answers.*?</table>', text, re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", table).split())


def test_the_page_answers_first(make):
    text = read(make(), "index.html")
    assert (
        text.index('class="answers') < text.index("<svg") < text.index('id="dataset-mine"') < text.index('id="reading"')
    )
    words = answers(text)
    best, baseline = "lstm 0.850 [0.810, 0.880] Accuracy", "tfidf_logreg 0.800 [0.760, 0.830]"
    assert (
        f"{best} {baseline} +5.0 [+3.0, +7.0] points of accuracy 988 baseline 988 lstm is &lt;best&gt; of all." in words
    )


def test_no_table_is_cut_off(make):
    text = read(make(tuple(TEST)), "index.html")
    tables = re.findall(r'(<div class="scroll"[^>]*>)?\s*<table( class="[^"]*")?>', text)
    assert len(tables) > 5 and all(box or "fold" in kind for box, kind in tables)


def test_the_answer_without_a_baseline_and_where_the_baseline_is_best(make):
    assert "lstm 0.850 [0.810, 0.880] Accuracy none – 988" in answers(read(make(("cnn", "lstm")), "index.html"))
    assert "majority – 988" in answers(read(make(("majority",)), "index.html"))


def test_a_model_that_was_still_improving_is_marked(make):
    mine = make()
    compared = json.loads(mine.report("compare").read_text())
    compared["models"]["cnn"]["still_improving"] = True
    write_json(mine.report("compare"), compared)
    report(mine.paths)
    assert "| cnn (still improving) |" in read(mine, "leaderboard.md")
    assert summary(mine)["models"]["cnn"]["still_improving"] is True
    assert "cnn 0.900 (0.860 to 0.930), still improving" in read(mine, "index.html")


def test_claims_come_last_with_a_verdict_and_the_numbers_that_decide_them(make):
    text = read(make(("rnn", "lstm", "gru", "bilstm", "cnn")), "index.html")
    assert text.index('id="reading"') < text.index('id="claims"')
    gates = ["mine", "Yes", "gru against rnn longest quarter less shortest (512)", "+14.0 [+12.0, +16.0]", "0.0048"]
    gates += ["0.0012", "+84.0", "+70.0"]
    assert gates in table_rows(text, "Gates help on longer texts: does")
    assert '<h3>Gates help on longer texts</h3>\n<p><strong class="good">Holds</strong> on mine.</p>' in text
    both = ["mine", "Not proven", "bilstm against lstm all items (512)", "−2.0 [−4.0, 0.0]", "0.2", "0.2"]
    both += ["0.830", "0.850"]
    assert table_rows(text, "Both directions help")[1:] == [both]
    rows = table_rows(text, "Convolutions are faster than recurrence")
    assert ["mine", "Yes", "cnn against lstm in training", "10.00 ×", "–", "–", "34,567/s", "3,457/s"] in rows
    assert ["mine", "Yes", "cnn against gru in prediction", "10.00 ×", "–", "–", "2,000/s", "200/s"] in rows


def test_hypotheses_about_models_that_are_not_there_are_left_out(make):
    mine = make(("majority", "lstm", "gru"))
    assert not re.search("course notes|Gates|faster", read(mine, "index.html"))
    assert summary(mine)["hypotheses"] == []


def test_the_matrix_colours_what_is_proven(make):
    text = read(make(("cnn", "gru", "lstm")), "index.html")
    assert table_rows(text, "The row’s model minus") == [
        ["Model", "cnn", "lstm", "gru"],
        ["cnn", "·", "+5.0", "+6.0"],
        ["lstm", "−5.0", "·", "+1.0"],
        ["gru", "−6.0", "−1.0", "·"],
    ]
    cells = re.findall(r'<td( class="\w+")? title="(\w+) minus (\w+)[^"]*?(, not proven)?">', text)
    classes = {(one, other): (kind[8:-1], unproven) for kind, one, other, unproven in cells}
    assert classes["cnn", "gru"] == ("more", "") and classes["gru", "cnn"] == ("less", "")
    assert classes["lstm", "gru"] == ("", ", not proven")


def test_one_model_and_that_a_baseline(make):
    mine = make(("majority",))
    assert summary(mine)["best"] == summary(mine)["best_baseline"] == "majority"
    assert "No model here is trained in epochs." in Page(read(mine, "index.html")).texts
    assert "(chosen on validation, best baseline on validation)" in read(mine, "leaderboard.md")


def test_no_baseline(make):
    mine = make(("cnn", "lstm"))
    assert summary(mine)["best_baseline"] is None
    assert all("against_baseline" not in model for model in summary(mine)["models"].values())
    assert "Dashed" not in read(mine, "index.html")
    assert read(mine, "leaderboard.md").count("| – | – |") == 2 and "| none | – |" in read(mine, "leaderboard.md")


def test_a_model_that_params_do_not_name_is_left_out(make):
    mine = make()
    name_models(mine, ("lstm", "tfidf_logreg"))
    report(mine.paths)
    assert list(summary(mine)["models"]) == ["lstm", "tfidf_logreg"] and len(summary(mine)["pairs"]) == 1
    assert "majority" not in read(mine, "leaderboard.md") + read(mine, "index.html")


def test_two_datasets_have_a_section_each(mine):
    yours = Dataset(mine.paths, mine.task, "yours")
    for dataset in (mine, yours):
        write(dataset, Scored())
    content = {"datasets": ["yours", "mine"], "models": list(FOUR)}
    write_json(mine.paths.resolved / "report.json", {"tasks": {"toy": content}, "confidence": 0.9})
    report(mine.paths)
    page = check_page(read(mine, "index.html"), "examples.html")
    places = [place for place in page.ids if str(place).startswith("dataset-")]
    assert places == ["dataset-yours", "dataset-mine"]
    assert list(json.loads(read(mine, "summary.json"))["datasets"]) == ["yours", "mine"]
    assert "90 % intervals" in read(mine, "leaderboard.md")


def test_datasets_without_results_are_named(mine, capsys):
    write(mine, Scored())
    cut = Dataset(mine.paths, mine.task, "cut")
    write(cut, Scored())
    cut.predictions("any").parent.mkdir(parents=True)
    missing = mine.paths.reports / "audit/cut.json"
    missing.unlink()
    content = {"datasets": ["mine", "cut", "coming", "later"], "models": list(FOUR)}
    write_json(mine.paths.resolved / "report.json", {"tasks": {"toy": content}, "confidence": 0.95})
    report(mine.paths)
    assert list(json.loads(read(mine, "summary.json"))["datasets"]) == ["mine"]
    reason = f"{missing} is missing: run `dvc repro` first"
    assert f"left out: cut: {reason}\nleft out: coming, later: not run yet\n" in capsys.readouterr().out
    page = " ".join(read(mine, "index.html").split())
    assert f"Not on this page: <strong>cut</strong> ({reason}), <strong>coming</strong> (not run yet)" in page
    assert "coming (not run yet)" in read(mine, "leaderboard.md")


@pytest.mark.parametrize("path", ALL_INPUTS)
def test_a_missing_input_is_named(mine, path):
    write(mine, Scored())
    file = mine.paths.reports / path
    file.unlink()
    with pytest.raises(UserError) as raised:
        report(mine.paths)
    assert str(raised.value) == f"{file} is missing: run `dvc repro` first"
    assert not any((mine.paths.reports / name).exists() for name in OUTPUTS)


def test_an_empty_table_is_named(mine):
    write(mine, Scored())
    mine.plot("curves", "cnn").write_text("")
    message = r"curves/mine/cnn\.csv is not valid CSV .*: remove it and run `dvc repro`"
    with pytest.raises(UserError, match=message):
        report(mine.paths)


def test_a_comparison_without_a_model_is_told(mine):
    write(mine, Scored(), ("majority", "cnn"))
    name_models(mine, ("majority", "cnn", "lstm"))
    message = r"compare/mine\.json has no model lstm, which params\.yaml names: run `dvc repro`"
    with pytest.raises(UserError, match=message):
        report(mine.paths)


def test_a_comparison_that_chose_another_model_is_told(mine):
    write(mine, Scored())
    name_models(mine, ("tfidf_logreg", "cnn"))
    message = r"compare/mine\.json chose lstm, which params\.yaml does not name: run `dvc repro`"
    with pytest.raises(UserError, match=message):
        report(mine.paths)


def test_two_runs_give_the_same_bytes(make):
    mine = make(("nbsvm", "lstm", "attention"))
    first = [read(mine, name) for name in OUTPUTS]
    report(mine.paths)
    assert [read(mine, name) for name in OUTPUTS] == first
