"""Encodings: declared or detected, and what is refused in which words."""

import codecs
import gzip

import pytest
from pydantic import ValidationError

from stages.config.reading import FileReading
from stages.data import encoding
from stages.data.encoding import inspect_text
from stages.data.raw import RawFile
from stages.runtime.errors import UserError

FRENCH = "le café était fermé à l'heure où la forêt brûlait déjà près du château\nça ira très bien à l'été\n"


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file."""

    def write(content: bytes, **reading) -> RawFile[FileReading]:
        path = tmp_path / "d.txt"
        path.write_bytes(content)
        return RawFile(path, FileReading(**reading), "task.datasets.mine.reading")

    return write


def read(file: RawFile[FileReading]) -> str:
    with inspect_text(file).open() as stream:
        return stream.read()


def message(file: RawFile[FileReading]) -> str:
    with pytest.raises(UserError) as caught:
        inspect_text(file)
    return str(caught.value)


@pytest.mark.parametrize(
    "declared", ["utf-8", "UTF8", "u8", "latin-1", "windows-1252", "u16", "utf-16-le", "utf_32_be"]
)
def test_a_declared_encoding_under_any_of_its_names(put, declared):
    file = put(FRENCH.encode(declared), encoding=declared)
    assert read(file) == FRENCH
    assert inspect_text(file).encoding == codecs.lookup(declared).name
    assert not inspect_text(file).guessed


@pytest.mark.parametrize("name", ["utf-88", "base64", "a\0b", "undefined"])
def test_what_is_no_text_encoding_is_refused_with_the_parameters(name):
    with pytest.raises(ValidationError, match="must be a text encoding that Python knows"):
        FileReading(encoding=name)


@pytest.mark.parametrize(
    ("written", "detected", "guessed"),
    [("utf-8", "utf-8", False), ("latin-1", "cp1252", True), ("utf-16", "utf-16", True), ("utf-32", "utf-32", True)],
)
def test_an_encoding_is_detected(put, written, detected, guessed):
    text = inspect_text(put(FRENCH.encode(written)))
    assert (text.encoding, text.guessed) == (detected, guessed)
    assert read(put(FRENCH.encode(written))) == FRENCH


def test_an_encoding_other_than_western_is_detected(put):
    polish = "Zażółć gęślą jaźń\nTen film był naprawdę świetny: polecam każdemu\n"
    assert read(put(polish.encode("cp1250"))) == polish


@pytest.mark.parametrize("declared", [None, "utf-8", "utf-16-le"])
def test_a_byte_order_mark_is_no_part_of_the_text(put, declared):
    assert read(put(("\ufeff" + FRENCH).encode(declared or "utf-8"), encoding=declared)) == FRENCH


def test_line_ends_are_newlines(put):
    file = put(b"a\r\nb\rc\n\xe2\x80\xa8d")
    assert list(inspect_text(file).lines()) == ["a", "b", "c", "\u2028d"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("cp1252", "Stadt;Größe;Preis\nKöln;groß;3\nMünchen;größer;4\n"),
        ("latin-1", "naïf;café\nété;déjà\n"),
        ("latin-1", "año;señal\nniñé;1\ncanción;2\n" * 20),
        ("cp1252", "namn;värde\nÅsa;första\nGöran;på ön\n" * 20),
        ("cp1252", "nação;preço\nSão Paulo;5 €\n“avião”;7\n"),
        ("cp1252", "Søren;Århus\nÆble;rødgrød\n"),
        ("cp1250", "jméno;město\nJiří;Plzeň\nŠárka;Děčín\nVeselý kůň;žluťoučký\n"),
        ("cp1250", "imię;miasto\nŁukasz;Łódź\nŻaneta;Gdańsk\nświeży;wąż\n"),
        ("cp1251", "имя;город\nИван;Москва\nОльга;Тула\n"),
        ("cp1253", "όνομα;πόλη\nΓιώργος;Αθήνα\n"),
        ("shift_jis", "名前;都市\n太郎;東京\n花子;大阪\n"),
        ("cp949", "이름;도시\n철수;서울\n영희;부산\n"),
    ],
)
def test_few_words_are_enough_to_read_them(put, written, text):
    with inspect_text(put(text.encode(written))).open() as stream:
        assert stream.read() == text


def test_detection_looks_at_what_is_not_ascii(put, monkeypatch):
    monkeypatch.setattr(encoding, "SAMPLE", 1000)
    monkeypatch.setattr(encoding, "PIECE", 400)
    text = "a plain line of letters\n" * 500 + FRENCH * 5
    assert inspect_text(put(text.encode("latin-1"))).encoding == "cp1252"


@pytest.mark.parametrize(
    ("written", "declared", "expected"),
    [
        (b"plain\n", "utf-16", "is not encoded in 'utf-16' (UTF-16 stream does not start with BOM): set task.datasets"),
        (b"one\n\\ud800 two", "unicode_escape", "holds half a character, U+D800, in line 2: remove it, or set task."),
        (codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"), None, "holds 1 NUL byte(s), as no text does"),
    ],
)
def test_what_a_declared_encoding_makes_no_text_of_is_told(put, written, declared, expected):
    assert expected in message(put(written, encoding=declared))


def test_a_declared_encoding_that_does_not_fit(put):
    reason = message(put(("plain\n" + FRENCH).encode("cp1252"), encoding="utf-8"))
    assert "d.txt is not encoded in 'utf-8': byte 12 (line 2) does not fit; detection suggests 'cp125" in reason
    assert "fix task.datasets.mine.reading.encoding in params.yaml, or set it to null" in reason


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_places_are_right_wherever_a_chunk_ends(put, chunk, monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK", chunk)
    content = "é\n☃\n𝄞 a".encode()
    assert read(put(content)) == content.decode()
    assert "byte 13 (line 3) does not fit" in message(put(content + b"\xff", encoding="utf-8"))
    assert "1 NUL byte(s), as no text does, the first in line 4 (byte 14)" in message(put(content + b"\n\0 \n"))


def test_a_single_bad_byte_in_utf_8_is_no_other_encoding(put):
    content = (FRENCH * 3).encode() + b"caf\xe9\n"
    assert f"d.txt is UTF-8 save for byte {len(content) - 2} (line 7): fix the file" in message(put(content))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_nul_bytes_are_counted_and_the_first_is_named(put, compress):
    reason = message(put(compress(b"text,label\nmist s\0n,a\nrain,b\nsn\0w,a\n")))
    assert "d.txt holds 2 NUL byte(s), as no text does, the first in line 2 (byte 17): remove them, or leave" in reason


def test_nul_letters_of_utf_16_are_named_by_their_line(put):
    assert "holds 1 NUL byte(s), as no text does, the first in line 2: " in message(
        put("a\nb\0c\n".encode("utf-16"), encoding="utf-16")
    )


@pytest.mark.parametrize(
    "text", [FRENCH, "plain text\nof two lines\n", "我们今天去公园散步，天气很好。\n明天再说吧。\n" * 9]
)
@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_hinted_at(put, text, order):
    reason = message(put(text.encode(order)))
    assert f"d.txt looks like '{order}'" in reason
    assert "set task.datasets.mine.reading.encoding in params.yaml to it" in reason


def test_bytes_that_are_no_text(put):
    assert "could not be detected: set task.datasets.mine.reading.encoding" in message(put(bytes(range(256)) * 20))


@pytest.mark.parametrize(
    ("content", "blank"), [(b"", True), (b"\n \r\n", True), (b"\xef\xbb\xbf", True), (b"a", False)]
)
def test_a_blank_file_is_known(put, content, blank):
    assert inspect_text(put(content)).blank == blank
