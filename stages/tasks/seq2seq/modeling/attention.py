"""Decoders whose recurrence needs the attention of the step before: what Keras's recurrent layers cannot express.

B pairs, S source and T target tokens, E, M, U features.
"""

from typing import Any

from keras import KerasTensor, layers, ops

from stages.tasks.seq2seq.modeling.contract import NeuralParameters
from stages.tasks.seq2seq.modeling.layers import MASK_VALUE

Shape = tuple[Any, ...]  # None: any number
States = list[KerasTensor]  # (B, U) each
Source = tuple[KerasTensor, KerasTensor, KerasTensor]  # memory (B, S, M), keys (B, S, K), real tokens (B, S)


class Attentive(layers.Layer):
    """A recurrence over a target's tokens that looks at the source at every step."""

    def __init__(self, parameters: NeuralParameters, width: int) -> None:
        """Prepare the cells on top of each other, and the layer that makes features of so many numbers a step."""
        super().__init__()
        self.cells = [parameters.cell.single_step(parameters.units) for _ in range(parameters.layers)]
        self.each = parameters.cell.num_states
        self.units, self.combine = parameters.units, layers.Dense(width, activation="tanh")

    def step(self, vectors: KerasTensor, states: States, source: Source) -> tuple[States, KerasTensor, KerasTensor]:
        """Read one token: vectors (B, E) → the states after it, features (B, width) and weights (B, S)."""
        raise NotImplementedError

    def call(
        self, vectors: KerasTensor, memory: KerasTensor, keys: KerasTensor, real: KerasTensor, states: States
    ) -> list[KerasTensor]:
        """Return features (B, T, width), the states after the last token, and weights (B, T, S).

        `real` (B, S) tells tokens from padding; by the name of mask Keras would take it for something else.
        """
        source = (memory, keys, real)

        def scanned(carried: States, vector: KerasTensor) -> tuple[States, tuple[KerasTensor, KerasTensor]]:
            after, features, weights = self.step(vector, carried, source)
            return after, (features, weights)

        ends, (features, weights) = ops.scan(scanned, list(states), ops.transpose(vectors, (1, 0, 2)))
        return [ops.transpose(features, (1, 0, 2)), *ends, ops.transpose(weights, (1, 0, 2))]

    def compute_output_spec(
        self, vectors: KerasTensor, memory: KerasTensor, keys: KerasTensor, real: KerasTensor, states: States
    ) -> list[KerasTensor]:
        """Return the outputs' shapes."""
        batch, steps = vectors.shape[:2]
        shapes = [(batch, steps, self.combine.units), *(state.shape for state in states), (batch, steps, keys.shape[1])]
        return [KerasTensor(shape, dtype="float32") for shape in shapes]

    def run_cells(self, inputs: KerasTensor, states: States) -> tuple[KerasTensor, States]:
        """Return the highest cell's output (B, U) and all states after."""
        after: States = []
        for number, cell in enumerate(self.cells):
            before = states[number * self.each : (number + 1) * self.each]
            inputs, ends = cell(inputs, before)
            after += ends if isinstance(ends, list | tuple) else [ends]
        return inputs, after

    def build_cells(self, width: int) -> None:
        """Make the cells' weights for inputs of so many features."""
        for cell in self.cells:
            cell.build((None, width))
            width = self.units


class AdditiveDecoder(Attentive):
    """Attention comes before the step: scores by a hidden layer of the state before (Bahdanau et al. 2015, A.1.2)."""

    def build(
        self, vectors_shape: Shape, memory_shape: Shape, keys_shape: Shape, real_shape: Shape, states_shape: list[Shape]
    ) -> None:
        """Make all weights now: within the loop they could not be."""
        self.query, self.score = layers.Dense(keys_shape[-1], use_bias=False), layers.Dense(1, use_bias=False)
        self.query.build((None, self.units))
        self.score.build((None, keys_shape[-1]))
        self.build_cells(vectors_shape[-1] + memory_shape[-1])
        self.combine.build((None, self.units + memory_shape[-1] + vectors_shape[-1]))

    def step(self, vectors: KerasTensor, states: States, source: Source) -> tuple[States, KerasTensor, KerasTensor]:
        """Attend with the state before, then read the token and what was attended to."""
        memory, keys, real = source
        queries = ops.expand_dims(self.query(states[-self.each]), 1)
        scores = self.score(ops.tanh(queries + keys))[..., 0]  # (B, S)
        weights = ops.softmax(ops.where(real, scores, MASK_VALUE), axis=-1)
        context = ops.einsum("bs,bsm->bm", weights, memory)
        output, states = self.run_cells(ops.concatenate([vectors, context], axis=-1), states)
        return states, self.combine(ops.concatenate([output, context, vectors], axis=-1)), weights


class FeedingDecoder(Attentive):
    """Attention comes after the step, and the next step reads what was made of it (Luong et al. 2015, section 3.3).

    The last of the states is what the step before made of its attention.
    """

    def build(
        self, vectors_shape: Shape, memory_shape: Shape, keys_shape: Shape, real_shape: Shape, states_shape: list[Shape]
    ) -> None:
        """Make all weights now: within the loop they could not be."""
        self.build_cells(vectors_shape[-1] + self.combine.units)
        self.combine.build((None, self.units + memory_shape[-1]))

    def step(self, vectors: KerasTensor, states: States, source: Source) -> tuple[States, KerasTensor, KerasTensor]:
        """Read the token and what the last step made of its attention, then attend."""
        memory, keys, real = source
        *carried, fed = states
        output, carried = self.run_cells(ops.concatenate([vectors, fed], axis=-1), carried)
        scores = ops.einsum("bu,bsu->bs", output, keys)
        weights = ops.softmax(ops.where(real, scores, MASK_VALUE), axis=-1)
        context = ops.einsum("bs,bsm->bm", weights, memory)
        features = self.combine(ops.concatenate([output, context], axis=-1))
        return [*carried, features], features, weights
