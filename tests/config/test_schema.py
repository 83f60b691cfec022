"""The building blocks of parameters."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from stages.config.schema import ModelsConfig, NeuralConfig, distinct, models_config
from stages.config.sources import PackageSource, PathSource, UrlSource


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package of two models; one is called as a method of pydantic's types."""
    folder = tmp_path / "some_models"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    lines = "from stages.config.schema import ModelConfig\nclass Parameters(ModelConfig):\n    size: int = 1\n"
    for name in ("copy", "other"):
        (folder / f"{name}.py").write_text(lines)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("some_models")


def test_a_file_is_an_optional_entry(package, recwarn):
    kind = models_config(package)
    assert issubclass(kind, ModelsConfig)
    assert set(kind.model_fields) == {"copy", "other"}
    models = kind.model_validate({"copy": {"size": 3}})
    assert models.model_fields_set == {"copy"} and models.model_dump()["copy"] == {"size": 3}
    assert not recwarn.list


def test_values_that_are_given_twice():
    assert distinct((1, 2)) == (1, 2)
    with pytest.raises(ValueError, match="given twice: 1, 3"):
        distinct((1, 2, 1, 3, 3))


@pytest.mark.parametrize("bad", [{"learning_rate": 0}, {"learning_rate": float("inf")}, {"unknown": 1}])
def test_every_value_is_checked_and_every_key_known(bad):
    with pytest.raises(ValueError):
        NeuralConfig(**bad)


def test_which_sources_are_local():
    assert PathSource(path="a.csv").local_path() == "a.csv"
    assert UrlSource(url="https://example.org/a.csv").local_path() is None
    files = ({"path": "a.csv", "sha256": "a" * 64},)
    assert PackageSource(package="a==1", sha256="a" * 64, files=files).local_path() is None
