"""BLEU by sacrebleu's own test, beside the tests of all tasks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sacrebleu.significance import PairedTest

from stages.config.dataset import Dataset
from stages.config.schema import EvaluationConfig
from stages.tasks.seq2seq.modeling.statistics import bleu, reference_streams


def paired_bleu(
    dataset: Dataset, predictions: Mapping[str, pd.DataFrame], baseline: str | None, config: EvaluationConfig
) -> dict[str, Any]:
    """Return sacrebleu's own paired bootstrap of BLEU (Koehn 2004): every model's first seed against the baseline's."""
    if baseline is None or len(predictions) < 2:
        return {}
    test = pd.read_parquet(dataset.part("test"), columns=["targets"])
    first = {name: table[table["seed"] == table["seed"].iloc[0]] for name, table in predictions.items()}
    outputs = {name: table["output"].tolist() for name, table in first.items()}
    systems = [(name, outputs[name]) for name in (baseline, *(name for name in outputs if name != baseline))]
    references = reference_streams([list(texts) for texts in test["targets"]])
    test_of_bleu = PairedTest(systems, {"BLEU": bleu()}, references, "bs", n_samples=config.bootstrap)
    outcome: tuple[dict[str, Any], dict[str, Any]] = test_of_bleu()
    signature, results = outcome
    models = {
        name: {"bleu": result.score, "mean": result.mean, "half_interval": result.ci, "p": result.p_value}
        for name, result in zip(results["System"], results["BLEU"], strict=True)
    }
    return {"paired_bleu": {"baseline": baseline, "models": models, "signature": str(signature["BLEU"])}}
