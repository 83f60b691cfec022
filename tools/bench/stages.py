"""How long the data stages take, and in how much memory, at three sizes of each kind of input."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from tools.bench.processes import in_new_process

SIZES = (10, 40, 160)  # megabytes of input
PROJECT = Path(__file__).parents[2]
WORDS = np.array([f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in ("", "l", "n", "ra", "sti", "tor")])


def data_stages() -> None:
    """Seconds, MB/s and peak memory of each data stage, and how the peak grows with the input."""
    for task, (writer, entry, model, stages) in KINDS.items():
        peaks: dict[str, list[float]] = {}
        for megabytes in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                # In another process: what this one holds would count as held by those that it starts.
                in_new_process("stages", writer, folder, str(megabytes))
                (Path(folder) / "params.yaml").write_text(
                    f"{task}:\n  models:\n    {model}: {{}}\n  datasets:\n    big:\n{entry}"
                )
                run_stage(folder, "check")
                for stage in stages:
                    seconds, peak = run_stage(folder, stage, "big")
                    peaks.setdefault(stage, []).append(peak)
                    speed = f"{seconds:6.1f} s, {megabytes / seconds:6.1f} MB/s, {peak:6.0f} MB at its peak"
                    print(f"  {task:14s} {stage:9s} {megabytes:4d} MB: {speed}", flush=True)
        for stage, values in peaks.items():
            share = (values[-1] - values[0]) / (SIZES[-1] - SIZES[0])
            print(f"  {task:14s} {stage:9s} {values[0] - share * SIZES[0]:.0f} MB and {share:.1f} times the input")


def run_stage(folder: str, *words: str) -> tuple[float, float]:
    """Run a stage in a folder; return its seconds and its peak memory in megabytes."""
    began = perf_counter()
    command = [sys.executable, "-m", f"stages.{words[0]}", *words[1:]]
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(PROJECT)}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} failed; what it says above tells why")
    return perf_counter() - began, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def sentences(megabytes: float, rng: np.random.Generator) -> list[str]:
    """Return sentences of words drawn evenly, together about so large."""
    lengths = rng.integers(5, 25, round(megabytes * 1e6 / 54))
    text = rng.choice(WORDS, lengths.sum())
    return [" ".join(words) for words in np.split(text, lengths.cumsum()[:-1])]


def write_works(folder: str, megabytes: str) -> None:
    """Write running text, eight files of it."""
    rng = np.random.default_rng(0)
    Path(folder, "raw").mkdir()
    for work in range(8):
        Path(folder, f"raw/{work}.txt").write_text("\n".join(sentences(int(megabytes) / 8, rng)) + "\n")


def write_reviews(folder: str, megabytes: str) -> None:
    """Write labelled texts, a table of them."""
    rng = np.random.default_rng(0)
    texts = sentences(int(megabytes), rng)
    labels = rng.choice(["good", "bad"], len(texts))
    rows = (f"{label},{text}\n" for label, text in zip(labels, texts, strict=True))
    Path(folder, "raw.csv").write_text("label,text\n" + "".join(rows))


def write_series(folder: str, megabytes: str) -> None:
    """Write hourly series, forty columns of them."""
    import pandas as pd

    hours = round(int(megabytes) * 1e6 / (20 + 40 * 7))
    values = np.random.default_rng(0).normal(size=(hours, 40)).cumsum(axis=0)
    index = pd.date_range("1990-01-01", periods=hours, freq="h", name="time")
    frame = pd.DataFrame(values, index=index, columns=[f"s{number}" for number in range(40)])
    frame.to_csv(Path(folder, "raw.csv"), float_format="%.2f")


def write_signals(folder: str, megabytes: str) -> None:
    """Write labelled signals, three channels of two hundred steps each."""
    rng = np.random.default_rng(0)
    with Path(folder, "raw.ts").open("w") as file:
        file.write("@data\n")
        for number in range(round(int(megabytes) * 1e6 / (3 * 200 * 7))):
            channels = rng.normal(size=(3, 200)).cumsum(axis=1).round(3).tolist()
            file.write(":".join([*(",".join(map(str, channel)) for channel in channels), "ab"[number % 2]]) + "\n")


# Of each task: what writes its input, an entry without its name, a model, and the stages.
KINDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "generation": (
        "write_works",
        "      source: {path: raw}\n",
        "ngram",
        ("fetch", "validate", "split", "window", "audit"),
    ),
    "classification": (
        "write_reviews",
        "      source: {path: raw.csv}\n",
        "majority",
        ("fetch", "validate", "split", "tokenize", "audit"),
    ),
    "forecasting": (
        "write_series",
        "      source: {path: raw.csv}\n      reading: {timestamp: time}\n"
        "      window: {look_back: 168, horizon: 24, season: 24}\n",
        "naive",
        ("fetch", "validate", "split", "window", "audit"),
    ),
    "signals": (
        "write_signals",
        "      source: {path: raw.ts}\n",
        "majority",
        ("fetch", "validate", "split", "window", "audit"),
    ),
}
