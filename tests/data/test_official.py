import pytest

from stages.config.reading import FileReading
from stages.data.official import official_parts
from stages.data.raw import RawFile, part_remarks


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["test.csv"], {"test.csv": "test"}),
        (["train.de", "train.en", "x.en"], {"train.de": "train", "train.en": "train"}),
        (["my_train.csv", "my_test.csv"], {"my_train.csv": "train", "my_test.csv": "test"}),
        (
            ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "dev-00000.parquet"],
            {
                "train-00000-of-00002.parquet": "train",
                "train-00001-of-00002.parquet": "train",
                "dev-00000.parquet": "validation",
            },
        ),
        (
            ["TrainSet.csv", "valid.csv", "imdb.TEST.tsv"],
            {"TrainSet.csv": "train", "valid.csv": "validation", "imdb.TEST.tsv": "test"},
        ),
        (["The Test.txt", "Bleak House.txt"], {}),
        (["dev.txt", "ops.txt"], {}),
        (["train_test.csv", "contest.csv"], {}),
        (["strain.csv", "latest.csv"], {}),
    ],
)
def test_parts_by_name(names, parts):
    assert official_parts(names) == parts


def remarks(tmp_path, *names):
    parts = official_parts(names)
    return part_remarks([RawFile(tmp_path / name, FileReading(), part=parts.get(name)) for name in names])


def test_what_is_said_of_names(tmp_path):
    assert remarks(tmp_path, "train.csv", "test.csv") == []
    assert remarks(tmp_path, "a.csv", "b.csv") == []
    assert remarks(tmp_path, "a_train.csv", "a_val.csv", "b.csv") == [
        "official parts by the files' names: a_train.csv is train; a_val.csv is validation",
        "no official part by the files' names: b.csv",
    ]
    assert remarks(tmp_path, "my_test.csv", "more.csv") == [
        "my_test.csv: not taken as official parts, for none of them is train alone and another validation or test; "
        "a file named train, validation or test always is"
    ]
