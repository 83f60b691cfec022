"""What every detector is built of: a map whose places propose boxes, and the row of the likeliest regions.

B pictures, h lines and w columns of the map, K regions, E features, V classes.

One stage over a grid proposes, as YOLO (Redmon et al. 2016) and the region proposal networks of Faster R-CNN (Ren et
al. 2015) do: each place says how likely the middle of an object lies in it, and where its box is. Of neighbours the
likeliest stays (Zhou et al. 2019, "Objects as points"), and the regions left are read as a row, from left to right.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from stages.tasks.detection.modeling.contract import DetectorParameters, Shape
from stages.tasks.picture_network import map_of, map_size

BOX = 5  # numbers that a place says: how likely, the middle's place in it (2), logarithms of the box's sides (2)
NEVER = -1e9  # a score of a place beside a likelier one
Classify = Callable[[KerasTensor], KerasTensor]  # regions (B, K, E + 5) → (B, K, units)


def detector(parameters: DetectorParameters, shape: Shape, classify: Classify) -> keras.Model:
    """Return the network: pictures (B, H, W, C) → [grid (B, h·w, 5), regions (B, K, 6), logits (B, K, V + 1)].

    A region is its place in the grid, its score (a logit) and its box; class 0 is none. `classify`: what reads the row.
    """
    pictures = keras.Input((*shape.size, len(shape.mean)), dtype="uint8")
    features = map_of(pictures, shape.mean, shape.deviation, shape.filters, parameters.embedding)
    lines, columns = map_size(shape.size, shape.filters)
    hidden = layers.Dense(parameters.embedding, activation="relu")(features)
    grid = layers.Reshape((lines * columns, BOX))(layers.Dense(BOX)(hidden))
    regions = propose(grid, shape)
    places = ops.cast(regions[:, :, :1], "int32")
    flat = layers.Reshape((lines * columns, parameters.embedding))(features)
    chosen = ops.take_along_axis(flat, ops.repeat(places, parameters.embedding, axis=2), axis=1)
    height, width = shape.size
    boxes = regions[:, :, 2:] / np.array([width, height, width, height], np.float32)
    likely = ops.sigmoid(regions[:, :, 1:2])  # not the logit, which is far below all others where nothing is proposed
    row = ops.concatenate([layers.Dropout(parameters.dropout)(chosen), likely, boxes], axis=-1)
    logits = layers.Dense(shape.classes + 1)(classify(row))
    return keras.Model(pictures, [grid, regions, logits])


def boxes_of(grid: KerasTensor, places: KerasTensor, shape: Shape) -> KerasTensor:
    """Return the boxes (…, 4) in pixels that places (…,) of the map say by their numbers (…, 5)."""
    lines, columns = map_size(shape.size, shape.filters)
    high, wide = shape.size[0] / lines, shape.size[1] / columns
    x = (ops.cast(places % columns, "float32") + ops.sigmoid(grid[..., 1])) * wide
    y = (ops.cast(places // columns, "float32") + ops.sigmoid(grid[..., 2])) * high
    half_width, half_height = (
        ops.exp(ops.clip(grid[..., side], -4.0, 4.0)) * of / 2 for side, of in ((3, wide), (4, high))
    )
    return ops.stack([x - half_width, y - half_height, x + half_width, y + half_height], axis=-1)


def propose(grid: KerasTensor, shape: Shape) -> KerasTensor:
    """Return the likeliest regions from left to right, (B, K, 6): place, score and box; no error flows back through."""
    lines, columns = map_size(shape.size, shape.filters)
    grid = ops.stop_gradient(grid)
    scores = ops.reshape(grid[..., 0], (-1, lines, columns, 1))
    peaks = scores >= ops.max_pool(scores, 3, strides=1, padding="same")
    alone = ops.reshape(ops.where(peaks, scores, NEVER), (-1, lines * columns))
    count = min(shape.regions, lines * columns)
    _, places = ops.top_k(alone, count)
    said = ops.take_along_axis(grid, ops.repeat(places[..., None], BOX, axis=2), axis=1)
    boxes = boxes_of(said, places, shape)
    likely = ops.take_along_axis(alone, places, axis=1)
    regions = ops.concatenate([ops.cast(places, "float32")[..., None], likely[..., None], boxes], axis=-1)
    order = ops.argsort(boxes[..., 0] + boxes[..., 2], axis=1)
    return ops.take_along_axis(regions, ops.repeat(order[..., None], 6, axis=2), axis=1)
