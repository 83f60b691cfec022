"""The command line of the measurements."""

import argparse
from collections.abc import Sequence

import tools.bench
from stages.runtime.progress import progress
from tools.bench.language import language_models, writing_speed
from tools.bench.stages import data_stages
from tools.bench.tokenizing import tokenize_memory, tokenize_speed
from tools.bench.training import pytorch, replicas

MEASUREMENTS = {
    function.__name__: function
    for function in (data_stages, tokenize_speed, tokenize_memory, replicas, pytorch, language_models, writing_speed)
}


def main(words: Sequence[str] | None = None) -> None:
    """Run the measurements that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=tools.bench.__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all when none is given"
    )
    parser.add_argument("--seconds", type=int, default=100, help="of training in language_models (default 100)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="of every measurement of replicas and pytorch; medians count (default 3)"
    )
    arguments = parser.parse_args(words)
    rounds = {"rounds": arguments.rounds}
    options = {"language_models": {"seconds": arguments.seconds}, "replicas": rounds, "pytorch": rounds}
    names = arguments.names or list(MEASUREMENTS)
    if unknown := set(names) - set(MEASUREMENTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; valid: {', '.join(MEASUREMENTS)}")
    for name in progress(names, desc="bench"):
        print(f"{name}: {MEASUREMENTS[name].__doc__.splitlines()[0]}", flush=True)
        MEASUREMENTS[name](**options.get(name, {}))


if __name__ == "__main__":
    main()
