"""What every network that finds objects shares: its loss, and finding them in pictures of any number."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.tasks.detection.modeling.contract import Detector, Shape
from stages.tasks.detection.modeling.data import RegionPreprocessor
from stages.tasks.detection.modeling.statistics import Detection, suppressed
from stages.tasks.picture_network import map_size
from stages.training.saved import model_module

BATCH = 64  # pictures
LEAST = 0.01  # score of a detection
UNLIKELY = -50  # a logit below that of any region that is proposed


class NeuralDetector(Network, Detector):
    """A Keras model from pictures to regions and their classes."""

    def __init__(self, model: Any, preprocessor: RegionPreprocessor) -> None:
        """Keep both."""
        super().__init__(model)
        self.preprocessor = preprocessor

    def detect(self, pictures: Sequence[np.ndarray], weights: Weights | None = None) -> list[Detection]:
        """Return what is in each picture, under other weights than the model's own if they are given."""
        found: list[Detection] = []
        for start in range(0, len(pictures), BATCH):
            few = pictures[start : start + BATCH]
            batch = np.stack([*few, *[few[0]] * (BATCH - len(few))])  # of one shape, so that it is compiled once
            _, regions, logits = map(np.asarray, self.forward(batch, weights))
            pairs = zip(regions[: len(few)], logits[: len(few)], strict=True)
            found += [_detection(*pair, self.preprocessor.size) for pair in pairs]
        return found


def _detection(regions: np.ndarray, logits: np.ndarray, size: Sequence[int]) -> Detection:
    """Return what is found among the regions (K, 6) of a picture of a size, given their classes' logits (K, V + 1).

    An object's score is the probability of its class, to which none is an alternative: on validation that served better
    than its product with how likely a middle lies at its place. A place beside a likelier one proposes nothing.
    """
    shares = np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    proposed, boxes = regions[:, 1] > UNLIKELY, np.clip(regions[:, 2:], 0, [size[1], size[0], size[1], size[0]])
    classes, scores = shares[:, 1:].argmax(axis=1) + 1, np.where(proposed, shares[:, 1:].max(axis=1), 0.0)
    kept = suppressed(boxes, scores)
    kept = np.sort(kept[scores[kept] >= LEAST])
    return Detection(classes[kept], boxes[kept], scores[kept], boxes[proposed])


def detection_loss(shape: Shape) -> Callable[[jax.Array, Any], jax.Array]:
    """Return the loss of (objects (B, M, 5), [grid, regions, logits]) → (B,), in nats.

    Of an object its place is to say that it is there and where its box is, and a region at that place what it is; all
    other places and proposed regions are to be none. Lengths are compared as logarithms, in parts of a place.
    """
    lines, columns = map_size(shape.size, shape.filters)
    high, wide = shape.size[0] / lines, shape.size[1] / columns

    def loss(objects: jax.Array, outputs: list[jax.Array]) -> jax.Array:
        grid, regions, logits = outputs
        real = objects[..., 0] > 0  # (B, M)
        x, y = (objects[..., 1] + objects[..., 3]) / 2 / wide, (objects[..., 2] + objects[..., 4]) / 2 / high
        column, line = (jnp.clip(jnp.floor(at), 0, most - 1) for at, most in ((x, columns), (y, lines)))
        places = jnp.where(real, line * columns + column, -1).astype(int)
        there = (places[..., None] == jnp.arange(lines * columns)).any(axis=1)  # (B, h·w)
        presence = jnp.logaddexp(0.0, grid[..., 0]) - there * grid[..., 0]

        said = jnp.take_along_axis(grid, jnp.maximum(places, 0)[..., None], axis=1)  # (B, M, 5)
        sides = [
            jnp.log(jnp.maximum(objects[..., 3 + side] - objects[..., 1 + side], 1.0) / of)
            for side, of in ((0, wide), (1, high))
        ]
        middle = jax.nn.sigmoid(said[..., 1:3]) - jnp.stack([x - column, y - line], axis=-1)
        errors = jnp.concatenate([middle, said[..., 3:] - jnp.stack(sides, axis=-1)], axis=-1)
        box = (jnp.abs(errors).sum(axis=-1) * real).sum(axis=-1)

        same = (regions[..., 0].astype(int)[:, :, None] == places[:, None]) & real[:, None]  # (B, K, M)
        classes = (same * objects[..., 0].astype(int)[:, None]).max(axis=-1)  # (B, K)
        told = jnp.take_along_axis(jax.nn.log_softmax(logits), classes[..., None], axis=-1)[..., 0]
        told = jnp.where(regions[..., 1] > UNLIKELY, told, 0.0).sum(axis=-1)
        return (presence.sum(axis=-1) + 2.0 * box - told) / 4.0

    return loss


def build_network(
    model: str, parameters: ModelConfig, preprocessor: RegionPreprocessor, seed: int | None = None
) -> NeuralDetector:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    build = model_module("detection", model).build
    return NeuralDetector(build_model(lambda: build(parameters, preprocessor.shape), seed), preprocessor)
