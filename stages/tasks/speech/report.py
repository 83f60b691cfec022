"""What the report shows of a dataset of speech."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from stages.config.dataset import Dataset
from stages.reporting.svg import ACCENT, inline, look, new_axes, styled
from stages.runtime.files import read_json
from stages.tasks.seq2seq.report import by_length
from stages.tasks.speech.metrics import METRICS

HEIGHT = 1.9  # of a drawn recording, in inches
DRAWN = 3  # examples of each model whose alignments are drawn


def add_examples(dataset: Dataset, models: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add to each of the models its `speed` and `examples`, the first of these with a `picture` where it aligns."""
    for name, model in models.items():
        timings = read_json(dataset.report("timings/evaluate", name))
        model["speed"] = speed(model["sound"], timings["examples_per_second"])
        model["examples"] = read_json(dataset.report("examples", name))
        for number, example in enumerate(model["examples"]["written"]):
            drawn = example["alignment"] is not None and number < DRAWN
            example["picture"] = draw_alignment(example, f"{dataset.name}-{name}-{number}") if drawn else None
    return {}


def speed(sound: Mapping[str, Any], sources_per_second: float) -> dict[str, float | None]:
    """Return frames that one replica reads a second, and the real-time factor: seconds of work for one of sound.

    `sound`: frames_per_source, and frame_seconds, which may be None.
    """
    frames, frame_seconds = sound["frames_per_source"] * sources_per_second, sound["frame_seconds"]
    return {"frames_per_second": frames, "real_time_factor": frame_seconds and 1 / (frames * frame_seconds)}


def draw_charts(dataset: Dataset, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset's pictures as SVG: `by_length`."""
    bands = {name: model["by_length"] for name, model in sorted(context["models"].items())}
    first = METRICS[0]
    name = f"{dataset.name}-by-length"
    return {"by_length": by_length(bands, first.name, first.words, sorted(bands), name, "frames of the source")}


@styled
def draw_alignment(example: Mapping[str, Any], name: str) -> str:
    """Return, above a recording's frames as shades, a line for each word: how much each frame has to do with it.

    Args:
        example: frames (F, T); alignment, its source the first frame of each vector, its weights a row a word; ends,
            the frames at which recordings that were joined end.
        name: of the picture, unique on the page.
    """
    figure, axes = new_axes(HEIGHT)
    frames, alignment = np.array(example["frames"]), example["alignment"]
    starts = [int(place) for place in alignment["source"]]
    step = starts[1] - starts[0] if len(starts) > 1 else 1
    axes.imshow(frames, aspect="auto", origin="lower", cmap="Greys", extent=(0, frames.shape[1], 0, 1), alpha=0.6)
    for number, (word, weights) in enumerate(zip(alignment["output"], alignment["weights"], strict=True)):
        places, peak = np.array(starts) + step / 2, int(np.argmax(weights))
        axes.plot(places, 1.05 + np.array(weights) / max(weights), linewidth=1.3, **look(number % 8))
        axes.text(places[peak], 2.12, word.strip(), ha="center", va="bottom", fontsize=9)
    for end in example["ends"][:-1]:
        axes.axvline(end, color=ACCENT, linewidth=0.8, linestyle=":")
    axes.set(xlabel="frame", xlim=(0, frames.shape[1]), ylim=(0, 2.5), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    words = f"Where the words of “{example['output']}” come from; what was said is “{example['reference']}”"
    return inline(figure, name, words)
