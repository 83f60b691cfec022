"""A variational autoencoder whose decoder is transposed convolutions: "deconvolution can generate text".

It reads a chunk of fixed length into a few numbers and generates the whole chunk from them at once (Kingma & Welling
2014; Semeniuta, Severyn & Barth 2017 without their recurrent layer). What a chunk costs has an upper bound only: the
cost of its tokens given a draw of the numbers, and that of the numbers, their KL divergence from a standard normal.
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from stages.tasks.generation.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.generation.modeling.vae import ChunkVAE


class Parameters(NeuralParameters):
    """Convolutions that halve the length three times, and transposed ones that double it again."""

    CONTEXT: ClassVar[str | None] = (
        "none before its chunk; an upper bound of the cost by one draw of the latent numbers"
    )

    chunk_length: int = Field(
        default=64, ge=8, multiple_of=8, description="tokens; window.length must be a multiple of it"
    )
    filters: int = Field(default=256, ge=1)
    kl_weight: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="weight of the latent numbers' cost in training; less than 1 keeps them in use; what is reported "
        "counts it in full",
    )
    latent: int = Field(default=64, ge=1, description="numbers that a chunk is read into")


def build(parameters: Parameters, shape: Shape) -> "ChunkVAE":
    """Return an untrained network."""
    import keras

    from stages.tasks.generation.modeling.vae import ChunkVAE

    latent = parameters.latent
    decoder = _decoder(parameters, shape)
    ids, noise = keras.Input((parameters.chunk_length,), dtype="int32"), keras.Input((latent,))
    posterior = _encoder(parameters, shape, ids)
    mean, log_variance = posterior[:, :latent], posterior[:, latent:]
    kl = keras.ops.sum(keras.ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1) / 2  # (B,) nats
    logits = decoder(mean + noise * keras.ops.exp(log_variance / 2))
    return ChunkVAE(keras.Model([ids, noise], [logits, kl]), decoder, parameters.kl_weight)


def _decoder(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from latent numbers (B, Z) to logits (B, L, V)."""
    import keras
    from keras import layers

    filters, short = parameters.filters, parameters.chunk_length // 8
    vector = keras.Input((parameters.latent,))
    steps = layers.Reshape((short, filters))(layers.Dense(short * filters, activation="relu")(vector))
    for _ in range(3):
        steps = layers.Conv1DTranspose(filters, 4, strides=2, padding="same", activation="relu")(steps)
    return keras.Model(vector, layers.Dense(shape.vocabulary)(layers.Dropout(parameters.dropout)(steps)))


def _encoder(parameters: Parameters, shape: Shape, ids: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the means and the logarithms of the variances of a chunk's latent numbers, (B, 2 Z)."""
    from keras import layers

    steps = layers.Embedding(shape.vocabulary, parameters.embedding)(ids)
    for _ in range(3):
        steps = layers.Conv1D(parameters.filters, 4, strides=2, padding="same", activation="relu")(steps)
    return layers.Dense(2 * parameters.latent)(layers.Flatten()(steps))
