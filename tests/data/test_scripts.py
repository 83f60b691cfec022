import re

import pytest

from stages.data.scripts import CHARACTER, isolate_characters, script_remarks, unknown_remarks

CASES = [
    ("我爱北京", ["我", "爱", "北", "京"]),
    ("日本のカタカナ", ["日", "本", "の", "カ", "タ", "カ", "ナ"]),
    ("ฉันรัก", ["ฉั", "น", "รั", "ก"]),
    ("ຂ້ອຍ", ["ຂ້", "ອ", "ຍ"]),
    ("ខ្ញុំ", ["ខ្", "ញុំ"]),
    ("မြန်", ["မြ", "န်"]),
    ("𠮷野", ["𠮷", "野"]),
]


@pytest.mark.parametrize(("text", "characters"), CASES)
def test_characters_of_scripts_without_spaces(text, characters):
    assert re.findall(CHARACTER, text) == characters
    pieces = isolate_characters().pre_tokenize_str(text)
    assert [piece for piece, _ in pieces] == characters


@pytest.mark.parametrize("text", ["plain words", "दिन", "Привет", "안녕하세요", "שלום", "café ½ 😀"])
def test_other_scripts_stay_whole(text):
    assert re.findall(CHARACTER, text) == []
    assert isolate_characters().pre_tokenize_str(text) == [(text, (0, len(text)))]


def test_what_is_said_of_scripts_without_spaces():
    chinese = [["我爱北京", "ab"], ["天安门门"]]
    (remark,) = script_remarks(chinese, "word", "a.b.unit")
    assert remark.startswith("80% of train's characters are of scripts that put no spaces between words")
    assert "a.b.unit: bpe" in remark
    assert script_remarks(chinese, "bpe", "unit") == script_remarks([["a text", ""]], "word", "unit") == []
    assert script_remarks([], "word", "unit") == []


def test_what_is_said_of_unknown_tokens():
    assert unknown_remarks({"validation": 0.2}, "word", "unit") == []
    (remark,) = unknown_remarks({"one": 0.5, "other": 0.0}, "word", "a.unit")
    assert remark.startswith("50% of one's tokens are not in train's vocabulary")
    assert remark.endswith("set a.unit to bpe or character")
