"""Pictures of how good models are: each one's interval beside the best baseline's, and quality against cost."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from stages.evaluation.metric import Metric
from stages.reporting.svg import ACCENT, BACK, DASHES, INK, LINE, SOFT, inline, new_axes, styled

Box = tuple[float, float, float, float]  # left, bottom, right, top
LABEL, CHARACTER, LINE_HEIGHT = 9.5, 5.7, 12  # a model's name beside a line or a dot: its size, in points
FAR = 4.5  # models that would stretch the axis by this factor are drawn at its end
ROOM = 0.06  # of the axis, beyond the outermost interval


@dataclass(frozen=True)
class Quality:
    """The primary metric of all models on one dataset, and what sets some of them off."""

    values: Mapping[str, Mapping[str, float]]  # of each model {mean, low, high}
    primary: Metric
    best: str  # on validation
    best_baseline: str | None  # on validation
    baselines: frozenset[str] = frozenset()
    still_improving: frozenset[str] = frozenset()

    @classmethod
    def of(cls, context: Mapping[str, Any], primary: Metric) -> "Quality":
        """Return it of a dataset's context, as `stages.reporting.context.dataset_context` returns it."""
        models, compared = context["models"], context["compare"]
        return cls(
            {name: _with_ends(model["metrics"][primary.name]) for name, model in models.items()},
            primary,
            compared["best"],
            compared["best_baseline"],
            frozenset(name for name, model in models.items() if model["baseline"]),
            frozenset(name for name, model in models.items() if model["still_improving"]),
        )

    def ranked(self) -> list[str]:
        """Return the models, the best on test first."""
        return sorted(self.values, key=lambda name: (-self.primary.gain(self.values[name]["mean"]), name))

    def axis(self) -> tuple[float, float]:
        """Return the ends of an axis on which the models can be told apart.

        A few models far behind all others would squash those. The axis leaves them out, but never one of the better
        half, the best on validation or the best baseline.
        """
        names = self.ranked()
        fewest = max(2, math.ceil(len(names) / 2), *(names.index(name) + 1 for name in self.chosen()))
        while shorter := [n for n in range(fewest, len(names)) if self._width(names) > FAR * self._width(names[:n])]:
            names = names[: shorter[-1]]
        low, high = self._ends(names)
        room = ROOM * (high - low) or ROOM * (abs(high) or 1)
        return low - room, high + room

    def chosen(self) -> list[str]:
        """Return the best model and the best baseline, which may be the same."""
        return [name for name in dict.fromkeys((self.best, self.best_baseline)) if name]

    def colour(self, name: str) -> str:
        """Return a model's colour: the page's accent for the best, that of its text for the best baseline."""
        return ACCENT if name == self.best else INK if name == self.best_baseline else SOFT

    def marker(self, name: str) -> dict[str, Any]:
        """Return a model's mark: a dot for a network, a square for a baseline, hollow if it was still improving."""
        inside = BACK if name in self.still_improving else self.colour(name)
        shape = "s" if name in self.baselines else "o"
        return {"marker": shape, "color": self.colour(name), "markerfacecolor": inside, "markeredgewidth": 1.5}

    def words(self, name: str) -> str:
        """Return a model's mean and interval, for those who do not see the picture."""
        value = self.values[name]
        notes = [
            note
            for note, holds in {
                "best on validation": name == self.best,
                "best baseline on validation": name == self.best_baseline,
                "still improving": name in self.still_improving,
            }.items()
            if holds
        ]
        numbers = f"{name} {value['mean']:.3f}"
        if value["low"] < value["high"]:
            numbers += f" ({value['low']:.3f} to {value['high']:.3f})"
        return ", ".join([numbers, *notes])

    def _ends(self, names: list[str]) -> tuple[float, float]:
        return min(self.values[name]["low"] for name in names), max(self.values[name]["high"] for name in names)

    def _width(self, names: list[str]) -> float:
        low, high = self._ends(names)
        return high - low


def _with_ends(value: Mapping[str, Any]) -> dict[str, float]:
    """Return a mean with the ends of its interval: of one that has none, the mean itself."""
    return {"mean": value["mean"]} | {
        end: value["mean"] if value[end] is None else value[end] for end in ("low", "high")
    }


@styled
def intervals(quality: Quality, name: str) -> str:
    """Return a mark and an interval for each model, the best on test on top, beside the best baseline's.

    The best baseline's interval is a band over all rows. A model beyond the axis is an arrow at its end.

    Args:
        quality: of the models.
        name: of the picture, its own on the page.
    """
    rows = quality.ranked()[::-1]
    figure, axes = new_axes(0.55 + 0.25 * len(rows))
    low, high = quality.axis()
    axes.set_xlim(low, high)
    if quality.best_baseline:
        baseline = quality.values[quality.best_baseline]
        axes.axvspan(baseline["low"], baseline["high"], color=LINE, alpha=0.45, linewidth=0)
        axes.axvline(baseline["mean"], color=INK, linewidth=1, linestyle=DASHES[1])
    for row, model in enumerate(rows):
        value = quality.values[model]
        ends = np.clip([value["low"], value["high"]], low, high)
        axes.plot(ends, [row, row], color=quality.colour(model), linewidth=2, solid_capstyle="butt")
        place, mark = _on_axis(quality, model, (low, high), ("<", ">"))
        axes.plot(place, row, markersize=6.5, clip_on=False, zorder=3, **mark)
        number: dict[str, Any] = {"va": "center", "color": quality.colour(model), "fontsize": LABEL}
        axes.text(1.05, row, f"{value['mean']:.3f}", transform=axes.get_yaxis_transform(), **number)
    axes.set_yticks(range(len(rows)), rows)
    for label, model in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(quality.colour(model) if model in quality.chosen() else INK)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=8)  # room for an arrow
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    words = f"test {quality.primary.words} and its interval"
    return inline(figure, name, f"{words}, the best first: {'; '.join(map(quality.words, reversed(rows)))}")


@styled
def cost(quality: Quality, seconds: Mapping[str, float], name: str) -> str:
    """Return the primary metric and its interval against the seconds per fit, each mark with its model's name.

    Args:
        quality: of the models.
        seconds: of each model, the mean over replicas.
        name: of the picture, its own on the page.
    """
    figure, axes = new_axes(3.8)
    words = f"test {quality.primary.words}"
    seconds = {model: max(seconds[model], 0.01) for model in quality.values}  # a logarithm knows no 0
    low, high = quality.axis()
    axes.set_ylim(low, high)
    places = {}
    for model, value in quality.values.items():
        place, mark = _on_axis(quality, model, (low, high), ("v", "^"))
        places[model] = (seconds[model], place)
        axes.plot([seconds[model]] * 2, [value["low"], value["high"]], color=mark["color"], linewidth=1, alpha=0.5)
        axes.plot(seconds[model], place, markersize=6, clip_on=False, zorder=3, **mark)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    wide = max(seconds.values()) > 100 * min(seconds.values())
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="seconds per fit", ylabel=words)
    _name_dots(figure, axes, places, quality.best)
    values = (f"{model} {value['mean']:.3f} in {seconds[model]:.1f} s" for model, value in quality.values.items())
    return inline(figure, name, f"{words} against the seconds per fit: {'; '.join(values)}")


def _on_axis(
    quality: Quality, model: str, ends: tuple[float, float], arrows: tuple[str, str]
) -> tuple[float, dict[str, Any]]:
    """Return where a model's mark is and what it looks like: an arrow at the axis' end for one that is beyond it."""
    mean, mark = quality.values[model]["mean"], quality.marker(model)
    if ends[0] <= mean <= ends[1]:
        return mean, mark
    return (ends[0], mark | {"marker": arrows[0]}) if mean < ends[0] else (ends[1], mark | {"marker": arrows[1]})


def _name_dots(figure: Figure, axes: Axes, dots: dict[str, tuple[float, float]], best: str) -> None:
    """Write each dot's name beside it where it covers the least of the other dots and names."""
    figure.draw_without_rendering()  # now the axes have their place
    in_points = 72 / figure.dpi
    centres = {model: axes.transData.transform(dot) * in_points for model, dot in dots.items()}
    frame = axes.bbox.get_points() * in_points
    taken = [(*(centre - 4), *(centre + 4)) for centre in centres.values()]
    for model in sorted(dots, key=lambda model: tuple(centres[model])):
        width = CHARACTER * len(model)

        def badness(offset: tuple[float, float], model: str = model, width: float = width) -> float:
            box = _box(centres[model] + offset, width)
            outside = max(0, frame[0][0] - box[0], box[2] - frame[1][0], frame[0][1] - box[1], box[3] - frame[1][1])
            return sum(_overlap(box, other) for other in taken) + 100 * outside + 0.1 * math.hypot(*offset)

        offset = min(_offsets(width), key=badness)
        taken.append(_box(centres[model] + offset, width))
        colour = ACCENT if model == best else INK
        lead = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4}
        options: dict[str, Any] = {"ha": "center", "va": "center", "color": colour, "fontsize": LABEL}
        options |= {"textcoords": "offset points", "arrowprops": lead, "in_layout": False}
        axes.annotate(model, dots[model], offset, **options)


def _offsets(width: float) -> Iterator[tuple[float, float]]:
    """Yield the places of a name's centre round its dot, the nearest first, in points."""
    for distance in (8, 18, 30, 44):
        side, over = width / 2 + distance, LINE_HEIGHT / 2 + distance - 2
        yield from ((side, 0), (-side, 0), (0, over), (0, -over))
        yield from ((x, y) for x in (side, -side) for y in (distance, -distance))


def _box(centre: np.ndarray, width: float) -> Box:
    x, y = centre
    return (x - width / 2, y - LINE_HEIGHT / 2, x + width / 2, y + LINE_HEIGHT / 2)


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes (left, bottom, right, top) share."""
    return max(0, min(one[2], other[2]) - max(one[0], other[0])) * max(0, min(one[3], other[3]) - max(one[1], other[1]))
