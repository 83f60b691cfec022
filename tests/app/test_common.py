"""Where texts come from, which model answers, and how output is shown."""

import pytest

from stages.app.common import MAX_WIDTH, TextSource, display_width, find_model, json_lines, shorten
from stages.config.paths import Paths
from stages.runtime.errors import UsageError, UserError
from tests.app.small import pipe


def test_texts_come_from_one_source(monkeypatch):
    pipe(monkeypatch, b"", terminal=True)
    with pytest.raises(UsageError, match="give texts or --file, not both"):
        TextSource(["a"], "texts.txt")
    with pytest.raises(UsageError, match="no texts: give them as arguments, with --file, or on standard input"):
        TextSource([])
    assert TextSource(["a", "b"]).read() == ["a", "b"]


def test_no_standard_input_at_all(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="no texts"):
        TextSource([])


def test_a_line_for_each_text(monkeypatch, tmp_path):
    content = "\ufeffa good film\r\n\n café \u2028 x".encode()
    (tmp_path / "texts.txt").write_bytes(content)
    expected = ["a good film", "", " café \u2028 x"]
    assert TextSource([], str(tmp_path / "texts.txt")).read() == expected
    for file in (None, "-"):
        pipe(monkeypatch, content)
        assert TextSource([], file).read() == expected


def test_texts_that_cannot_be_read(monkeypatch, tmp_path):
    pipe(monkeypatch, b"caf\xe9\n")
    with pytest.raises(UserError, match="standard input is not UTF-8 text: invalid continuation byte 0xe9"):
        TextSource([]).read()
    pipe(monkeypatch, b"")
    with pytest.raises(UserError, match="standard input is empty: give one text per line"):
        TextSource([]).read()
    with pytest.raises(UserError, match="TEXT 2 is not UTF-8 text"):
        TextSource(["a", "caf\udce9"]).read()
    with pytest.raises(FileNotFoundError):
        TextSource([], str(tmp_path / "nowhere.txt")).read()


def test_models_are_named_where_a_name_is_wrong(tmp_path):
    for model in ("lstm", "gru", ".gru.partial"):
        (tmp_path / "models/reviews" / model).mkdir(parents=True)
    paths = Paths(tmp_path)
    assert find_model(paths, "reviews", "lstm") == tmp_path / "models/reviews/lstm"
    with pytest.raises(UserError, match=r"models has no dataset 'reviws': did you mean 'reviews'\? valid: reviews"):
        find_model(paths, "reviws", "lstm")
    with pytest.raises(UserError) as error:
        find_model(paths, "reviews", "lstmm")
    assert "models/reviews has no model 'lstmm': did you mean 'lstm'? valid: gru, lstm;" in str(error.value)
    assert "`dvc repro` trains what params.yaml names" in str(error.value)
    for name in ("..", ".gru.partial"):
        with pytest.raises(UserError, match="has no model"):
            find_model(paths, "reviews", name)


def test_nothing_trained_yet(tmp_path):
    with pytest.raises(UserError, match="holds no trained model: run `dvc repro` first"):
        find_model(Paths(tmp_path), "reviews", "lstm")


def test_shortened_texts_fit():
    for text in ("a" * 40, "a" * 41, "映" * 21, "e\u0301" * 60):
        assert display_width(shorten(text)) <= MAX_WIDTH
    assert shorten("a" * 40) == "a" * 40
    assert shorten("a\n b\tc") == "a b c"
    assert "\x1b" not in shorten("映画\x1b[31m")


def test_json_lines():
    assert list(json_lines([{"text": "naïve 映画"}, {}])) == ['{"text": "naïve 映画"}\n', "{}\n"]
