"""How fast language models learn beside a small GPT, and how fast they write."""

import itertools
import os
import sys
from pathlib import Path
from time import perf_counter

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import NeuralConfig
from stages.runtime.allocator import ALLOCATOR_VARIABLES
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.discovery import find_task, load_params
from stages.training.saved import model_module
from tools.bench.processes import in_new_process

DATASET = "shakespeare"
WINDOW = Path("data/prepared", DATASET, "window")
CONTENDERS = ("lstm", "gru", "gpt")
CHARACTERS = 2000


def language_models(seconds: int = 100) -> None:
    """Bits per character on validation by seconds of training: lstm, gru and a small GPT, one after the other.

    Each is trained for the same time on the same text with all cores that this process may use; imports and reading
    validation do not count, compiling does. Pin it to one core (`taskset -c 0`) to see what one replica does.
    """
    _require_data()
    print(f"  load before: {os.getloadavg()[0]:.2f}; {len(os.sched_getaffinity(0))} core(s) each", flush=True)
    curves = {}
    for name in CONTENDERS:
        curves[name] = in_new_process("racing", "race", name, str(seconds), **ALLOCATOR_VARIABLES)
        last = curves[name][-1]
        print(f"  {name}: {last['steps']} steps in {last['seconds']:.0f} s", flush=True)
    print("  seconds " + "".join(f"{name:>8s}" for name in CONTENDERS))
    for rows in zip(*curves.values(), strict=True):
        print(f"  {rows[0]['seconds']:7.1f} " + "".join(f"{row['bits_per_character']:8.3f}" for row in rows))
    for name in CONTENDERS[:-1]:
        behind = [
            row["seconds"]
            for row, other in zip(curves[name], curves["gpt"], strict=True)
            if row["bits_per_character"] >= other["bits_per_character"]
        ]
        result = f"behind at {', '.join(f'{time:.0f} s' for time in behind)}" if behind else "ahead at every time"
        print(f"  {name} against gpt: {result}", flush=True)


def writing_speed() -> None:
    """Characters per second that each language model generates on one core, the prompt read and all compiled."""
    _require_data()
    for name in load_params(Paths()).sections()["generation"].model_names():
        print(f"  {name:7s}{in_new_process('language', 'characters_per_second', name):10,.0f}", flush=True)


def characters_per_second(name: str) -> float:
    """Return how fast a model generates in this process; a network's weights do not matter, it is untrained."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    prepare_jax()
    import numpy as np

    from stages.tasks.generation.sampling import Strategy

    task = find_task("generation")
    data = task.open_prepared(WINDOW)
    parameters = task.plan(Dataset(Paths(), "generation", DATASET), name).parameters
    if isinstance(parameters, NeuralConfig):
        from stages.tasks.generation.modeling.network import build_network

        model = build_network(name, parameters, data.shape, seed=1)
    else:
        model = model_module("generation", name).Model.fit(parameters, data)
    tokens = iter(model.generate(np.array([data.shape.newline]), Strategy(), np.random.default_rng(0)))
    next(tokens)  # compiles
    began = perf_counter()
    generated = list(itertools.islice(tokens, CHARACTERS))
    return len(generated) / (perf_counter() - began)


def _require_data() -> None:
    if not WINDOW.exists():
        sys.exit(f"{WINDOW} is missing: run `make repro` first")
