"""A trained model and the test part → predictions, figures with their spread over seeds, a confusion matrix."""

from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from stages.classification.examples import attended, mistakes
from stages.classification.metrics import by_class, scores
from stages.classification.saved import SavedModel
from stages.console import Problem, run
from stages.files import whole, write_json
from stages.replicas import prepare_jax
from stages.split import content_hash
from stages.tokenize import UNKNOWN, encode


def evaluate(dataset: str, model: str) -> None:
    """Measure a model on a dataset's test part."""
    prepare_jax()
    saved = SavedModel(Path("models", dataset, model))
    test = pd.read_parquet(Path("data/prepared", dataset, "test.parquet"))
    texts, labels = test["text"].tolist(), _indices(test, saved.labels)
    began = perf_counter()
    probabilities = dict(saved.predict(texts))
    seconds = perf_counter() - began
    test = test.assign(**_sizes(saved, texts))
    predictions = pd.concat([_table(test, seed, found, saved.labels) for seed, found in probabilities.items()])
    with whole(Path("data/predictions", dataset, f"{model}.parquet")) as partial:
        predictions.to_parquet(partial, index=False)
    mean = np.mean(list(probabilities.values()), axis=0)
    write_json(
        Path("reports/metrics", dataset, f"{model}.json"),
        _spread({seed: scores(labels, found) for seed, found in probabilities.items()})
        | {
            "by_class": by_class(labels, mean, saved.labels),
            "by_length": _by_quartile(predictions, "tokens"),
            "by_unknown": _by_quartile(predictions, "unknown"),
            "validation": _mean(saved.about["validation"]),
            "size": saved.about["size"],
            "bytes": sum(path.stat().st_size for path in saved.folder.rglob("*") if path.is_file()),
            "signature": signature(saved, test),
        },
    )
    _write_examples(Path("reports/examples", dataset, f"{model}.json"), saved, test, mean)
    first = predictions[predictions["seed"] == saved.about["seeds"][0]]
    with whole(Path("reports/plots/confusion", dataset, f"{model}.csv")) as partial:
        first[["label", "predicted"]].rename(columns={"label": "actual"}).to_csv(partial, index=False)
    timings = {"predict_seconds": seconds, "examples_per_second": len(test) * len(probabilities) / seconds}
    write_json(Path("reports/timings/evaluate", dataset, f"{model}.json"), timings, digits=3)
    accuracy = np.mean([scores(labels, found)["accuracy"] for found in probabilities.values()])
    print(f"{dataset}-{model}: accuracy {accuracy:.4f} on {len(test)} test texts")


def signature(saved: SavedModel, test: pd.DataFrame) -> dict:
    """Return what a figure must be read with: on which items, with which tokens, averaged how."""
    return {
        "part": "test",
        "split": content_hash(test),
        "items": len(test),
        "seeds": saved.about["seeds"],
        "vocabulary": saved.tokenizer.get_vocab_size(),
        "average": "mean over seeds; macro_f1 is the plain mean over classes",
        "calibration_bins": 15,
    }


def _indices(test: pd.DataFrame, labels: list[str]) -> np.ndarray:
    unseen = sorted(set(test["label"]) - set(labels))
    if unseen:
        raise Problem(f"test holds labels that train does not: {', '.join(unseen)}")
    return np.searchsorted(labels, test["label"].to_numpy())


def _table(test: pd.DataFrame, seed: int, probabilities: np.ndarray, labels: list[str]) -> pd.DataFrame:
    """Return one row an item: id, label, tokens, unknown, seed, predicted, and a column of probabilities a label."""
    predicted = np.array(labels)[probabilities.argmax(axis=1)]
    told = test[["id", "label", "tokens", "unknown"]].assign(seed=seed, predicted=predicted)
    shares = pd.DataFrame(probabilities, columns=[f"probability.{label}" for label in labels])
    return pd.concat([told, shares], axis=1)


def _sizes(saved: SavedModel, texts: list[str]) -> dict[str, np.ndarray]:
    """Return each text's tokens before cutting, and how many of them are not in the vocabulary."""
    rows = encode(saved.tokenizer, texts)
    unknown = saved.tokenizer.token_to_id(UNKNOWN)
    return {
        "tokens": np.array([len(row) for row in rows]),
        "unknown": np.array([np.count_nonzero(row == unknown) for row in rows]),
    }


def _by_quartile(predictions: pd.DataFrame, column: str) -> list[dict]:
    """Return the accuracy in each quartile of the texts by tokens, or by the share of unknown tokens."""
    value = predictions[column] if column == "tokens" else predictions[column] / predictions["tokens"].clip(lower=1)
    hits = predictions["label"] == predictions["predicted"]
    quartile = value.rank(method="min", pct=True).apply(lambda share: min(int(share * 4 - 1e-9), 3))
    return [
        {"from": float(value[rows].min()), "to": float(value[rows].max()), "accuracy": float(hits[rows].mean())}
        for rows in (quartile == number for number in sorted(quartile.unique()))
    ]


def _write_examples(path: Path, saved: SavedModel, test: pd.DataFrame, probabilities: np.ndarray) -> None:
    """Write the surest mistakes and, where the model attends, the weights of some texts' tokens."""
    content = {"mistakes": mistakes(test, probabilities, saved.labels), "attended": None}
    by_seed = [weights for _, weights in saved.attention(test["text"].tolist()) if weights is not None]
    if by_seed:
        weights = [np.mean(replicas, axis=0) for replicas in zip(*by_seed, strict=True)]
        seed = saved.about["seeds"][0]
        content["attended"] = attended(test, probabilities, saved.labels, weights, saved.tokenizer, seed)
    write_json(path, content)


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _spread(by_seed: dict[int, dict[str, float]]) -> dict:
    """Return the mean and the standard deviation over seeds of every figure; no deviation for a single seed."""
    rows = list(by_seed.values())
    deviation = {name: float(np.std([row[name] for row in rows], ddof=1)) if len(rows) > 1 else 0.0 for name in rows[0]}
    return _mean(rows) | {"sd": deviation, "seeds": {str(seed): row for seed, row in by_seed.items()}}


if __name__ == "__main__":
    run(evaluate)
