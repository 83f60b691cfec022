"""The README's commands name what there is."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PARAMS = YAML(typ="safe").load(PROJECT / "params.yaml")


@pytest.mark.parametrize("key", sorted(set(re.findall(r"-S ([\w.]+)=", README))))
def test_a_parameter_that_a_command_sets_stands_in_params_yaml(key):
    section = PARAMS
    for name in key.split("."):  # `dvc exp run -S` sets no key that is not there, the default of a type or not
        assert name in section, f"{key}: params.yaml has no {name}"
        section = section[name]


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ((?:stages|tools)[\w.]*)", README))))
def test_a_module_that_a_command_runs_is_there(module):
    path = PROJECT / module.replace(".", "/")
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()
