"""A variational autoencoder whose decoder is transposed convolutions: "deconvolution can generate text".

It reads a piece of fixed length into a few numbers and writes the whole piece from them at once (Kingma & Welling
2014; Semeniuta, Severyn & Barth 2017 without their recurrent layer). What a piece costs has an upper bound only: the
cost of its tokens given a draw of the numbers, and that of the numbers, their divergence from a standard normal.
"""

from pydantic import Field

from stages.generation.models import NeuralParameters

BOUND = True
CONTEXT = "none before its piece; an upper bound of the cost by one draw of the latent numbers"


class Parameters(NeuralParameters):
    """Convolutions that halve the length three times, and transposed ones that double it again."""

    piece: int = Field(default=64, ge=8, multiple_of=8, description="tokens; window.length must be a multiple of it")
    filters: int = Field(default=256, ge=1)
    divergence: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="weight of the latent numbers' cost in training; less than 1 keeps them in use; what is reported "
        "counts it in full",
    )
    latent: int = Field(default=64, ge=1, description="numbers that a piece is read into")


def build(parameters: Parameters, vocabulary: int):
    """Return the untrained model, whose methods are those of `stages.generation.neural.NeuralModel` but for a state."""
    import keras
    from keras import layers, ops

    from stages.generation.pieces import PieceModel

    filters, latent, short = parameters.filters, parameters.latent, parameters.piece // 8
    vector = keras.Input((latent,))
    steps = layers.Reshape((short, filters))(layers.Dense(short * filters, activation="relu")(vector))
    for _ in range(3):
        steps = layers.Conv1DTranspose(filters, 4, strides=2, padding="same", activation="relu")(steps)
    decoder = keras.Model(vector, layers.Dense(vocabulary)(layers.Dropout(parameters.dropout)(steps)))

    ids, noise = keras.Input((parameters.piece,), dtype="int32"), keras.Input((latent,))
    seen = layers.Embedding(vocabulary, parameters.embedding)(ids)
    for _ in range(3):
        seen = layers.Conv1D(filters, 4, strides=2, padding="same", activation="relu")(seen)
    told = layers.Dense(2 * latent)(layers.Flatten()(seen))
    mean, log_variance = told[:, :latent], told[:, latent:]
    divergence = ops.sum(ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1) / 2  # (B,) nats
    logits = decoder(mean + noise * ops.exp(log_variance / 2))
    return PieceModel(keras.Model([ids, noise], [logits, divergence]), decoder, parameters.divergence)
