import io

import numpy as np
import pytest

from stages.data.arrays import GrowingArray


@pytest.mark.parametrize("batches", [[[3, 1]], [[3], [1, 4], []], [[]], []])
def test_growing_array_is_what_numpy_saves(tmp_path, batches):
    arrays = [np.array(batch, np.int32) for batch in batches]
    with GrowingArray(tmp_path / "a.npy") as growing:
        growing.append(np.zeros(0, np.int32))
        for array in arrays:
            growing.append(array)
    whole = np.concatenate([np.zeros(0, np.int32), *arrays])
    saved = io.BytesIO()
    np.save(saved, whole)
    assert (tmp_path / "a.npy").read_bytes() == saved.getvalue()
    assert growing.length == len(whole)


def test_growing_array_beyond_the_digits_of_its_first_length(tmp_path):
    with GrowingArray(tmp_path / "a.npy") as growing:
        for start in range(0, 200_000, 40_000):
            growing.append(np.arange(start, start + 40_000, dtype=np.int64))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert np.array_equal(mapped, np.arange(200_000))
