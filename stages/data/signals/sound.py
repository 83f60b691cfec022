"""Recordings → frames: the energy in bands of the mel scale, step by step, or its cosines."""

import re
from collections.abc import Iterator
from functools import cache
from math import gcd
from pathlib import Path
from typing import TypeVar

import numpy as np

from stages.config.reading import SignalReading, Sound
from stages.data.raw import RawFile
from stages.data.signals.signal import Signal, SignalFile
from stages.runtime.errors import UserError, listed

LOWEST_RATE = 1000  # samples a second
BLOCK = 4096  # frames that are transformed at a time
FLOOR = 1e-10  # the least energy of a band, so that silence has a logarithm
Reading = TypeVar("Reading", bound=SignalReading)


class Recording(SignalFile):
    """A recording; its label is the name of its folder, or what `reading.label_pattern` takes out of its path."""

    FORMAT, ENDINGS = "sound", (".wav", ".flac", ".ogg")

    def signals(self) -> Iterator[Signal]:
        """Yield the one signal."""
        self.count = 1
        label = self._label() if self.labelled else None
        frames, self.sample_rate = read_frames(self.path, self.reading.sound)
        yield Signal(1, label, frames, self.file.part)

    def _label(self) -> str:
        place = self.file.place
        if self.reading.label_pattern is None:
            if len(place.parts) < (2 if self.file.part is None else 3):
                raise UserError(
                    f"{self.path} lies in no folder that would be its label: set source.subfolders to true, or "
                    f"{self.file.key('label_pattern')}"
                )
            return place.parts[-2]
        match = re.search(self.reading.label_pattern, place.as_posix())
        if match is None or match[1] is None:
            raise UserError(f"{self.path}: {self.file.key('label_pattern')} finds no label in '{place.as_posix()}'")
        return match[1]


def without_others(raw: list[RawFile[Reading]]) -> tuple[list[RawFile[Reading]], list[str]]:
    """Return the files but for what lies among recordings and is none, such as a README; and what there is to say."""
    recordings = [file for file in raw if file.path.suffix.lower() in Recording.ENDINGS]
    others = [file.place.as_posix() for file in raw if file not in recordings]
    if not recordings or not others or raw[0].reading.format is not None:
        return raw, []
    return recordings, [f"{len(others)} file(s) among the recordings are none, and are passed over: {listed(others)}"]


def read_frames(path: Path, config: Sound) -> tuple[np.ndarray, int]:
    """Return a recording's frames, (T, bands) or (T, coefficients), and its sample rate; several channels are averaged.

    Raises:
        UserError: it cannot be read, is empty, or its sample rate is none of sound.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise UserError(f"{path} is no recording that can be read ({error})") from None
    if not len(samples) or rate < LOWEST_RATE:
        raise UserError(f"{path} has {len(samples)} samples at {rate} Hz: there is no sound in it")
    return sound_frames(samples.mean(axis=1), rate, config), rate


def sound_frames(samples: np.ndarray, rate: int, config: Sound) -> np.ndarray:
    """Return the frames (T, bands) or (T, coefficients) of samples (n,): log mel spectrum, or its cosine transform.

    Davis & Mermelstein 1980. Shorter than a frame: a single one, its end silent.
    """
    if config.sample_rate is not None and config.sample_rate != rate:
        from scipy.signal import resample_poly

        common = gcd(config.sample_rate, rate)
        samples, rate = resample_poly(samples, config.sample_rate // common, rate // common), config.sample_rate
    size, step = max(2, round(config.window * rate)), max(1, round(config.step * rate))
    samples = np.pad(samples, (0, max(0, size - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    filters = mel_filters(rate, size, config.bands)
    blocks = []
    for start in range(0, len(frames), BLOCK):
        power = np.abs(np.fft.rfft(frames[start : start + BLOCK] * np.hanning(size))) ** 2
        blocks.append(np.log(np.maximum(power @ filters.T, FLOOR)))
    energies = np.concatenate(blocks)
    if config.features == "log_mel":
        return np.asarray(energies)
    from scipy.fft import dct

    return np.asarray(dct(energies, norm="ortho")[:, : config.coefficients])


@cache
def mel_filters(rate: int, size: int, bands: int) -> np.ndarray:
    """Return triangular filters (bands, size // 2 + 1), evenly spaced in mel from 0 to half of the sample rate."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - left) / (centre - left), (right - frequencies) / (right - centre)
    return np.maximum(0, np.minimum(rising, falling))
