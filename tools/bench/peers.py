"""The neural classifiers in PyTorch's native layers, trained in a plain loop: what Recur's training is timed against.

Run as a process of its own by `tools.bench.training`; it loads neither params.yaml nor Keras. Sizes, first weights,
dropout, batches, optimizer, clipping and averaging are Recur's. Shapes: B texts, T tokens, E and U features.
"""

import copy
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stages.tasks.classification.modeling.data import (
    Batches,
    EpochBatches,
    TrainingBatches,
    bucket_lengths,
)
from stages.tasks.classification.modeling.texts import PreparedTexts
from stages.training.budget import Epochs

LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "bilstm": nn.LSTM, "cnn_lstm": nn.LSTM, "gru": nn.GRU, "attention": nn.GRU}


class Embed(nn.Module):
    """Ids (B, T) → vectors (B, T, E), whole features dropped for a whole text."""

    def __init__(self, p: SimpleNamespace, vocabulary: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, p.embedding)
        self.dropout = p.embedding_dropout

    def forward(self, ids: Tensor) -> Tensor:
        """Look up and drop."""
        vectors = self.table(ids)
        kept = functional.dropout(vectors.new_ones(len(ids), 1, vectors.shape[2]), self.dropout, self.training)
        return vectors * kept


class Encode(nn.Module):
    """Recurrent layers (B, T, E) → (B, T, U), or (B, T, 2 U) where each text is also read reversed in place."""

    def __init__(self, layer: type, p: SimpleNamespace, width: int, both_directions: bool) -> None:
        super().__init__()
        widths = [width] + [p.units * (1 + both_directions)] * (p.layers - 1)
        self.forwards = nn.ModuleList(layer(width, p.units, batch_first=True) for width in widths)
        self.backwards = nn.ModuleList(
            layer(width, p.units, batch_first=True) for width in (widths if both_directions else [])
        )

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """Read; two layers and a gather take less time than packed sequences."""
        if not self.backwards:
            for layer in self.forwards:
                steps = layer(steps)[0]
            return steps
        position = torch.arange(mask.shape[1])
        lengths = mask.sum(1, keepdim=True)
        reverse = torch.where(position < lengths, lengths - 1 - position, position)[:, :, None]  # (B, T, 1)
        for layer, backward in zip(self.forwards, self.backwards, strict=True):
            reversed_steps = torch.take_along_dim(steps, reverse, 1)
            read = torch.take_along_dim(backward(reversed_steps)[0], reverse, 1)
            steps = torch.cat([layer(steps)[0], read], dim=-1)
        return steps


def pool(steps: Tensor, mask: Tensor, how: str) -> Tensor:
    """Return the last, mean or maximum (B, U) of the real steps (B, T, U)."""
    if how == "max":
        return steps.masked_fill(~mask[:, :, None], -1e9).amax(1)
    if how == "mean":
        return (steps * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
    return steps[torch.arange(len(steps)), (mask.sum(1) - 1).clamp(min=0)]


class Recurrent(nn.Module):
    """The peers of rnn, gru, lstm and bilstm."""

    def __init__(self, name: str, p: SimpleNamespace, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.p, self.both = p, name == "bilstm"
        self.embed = Embed(p, vocabulary)
        self.encode = Encode(LAYERS[name], p, p.embedding, self.both)
        self.classify = nn.Sequential(nn.Dropout(p.dropout), nn.Linear(p.units * (1 + self.both), classes))

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits."""
        mask = ids != 0
        states = self.encode(self.embed(ids), mask)
        features = pool(states, mask, self.p.pooling)
        if self.both and self.p.pooling == "last":
            features = torch.cat([features[:, : self.p.units], states[:, 0, self.p.units :]], dim=-1)
        return self.classify(features)


class Attention(nn.Module):
    """The peer of attention."""

    def __init__(self, name: str, p: SimpleNamespace, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.embed = Embed(p, vocabulary)
        self.encode = Encode(LAYERS[name], p, p.embedding, both_directions=True)
        self.score = nn.Sequential(nn.Linear(2 * p.units, p.width), nn.Tanh(), nn.Linear(p.width, p.heads, bias=False))
        self.classify = nn.Sequential(nn.Dropout(p.dropout), nn.Linear(2 * p.units * p.heads, classes))

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits."""
        mask = ids != 0
        states = self.encode(self.embed(ids), mask)
        weights = self.score(states).masked_fill(~mask[:, :, None], -1e9).softmax(1)  # (B, T, H)
        return self.classify((weights.transpose(1, 2) @ states).flatten(1))


class Convolutions(nn.Module):
    """The peer of cnn."""

    def __init__(self, _name: str, p: SimpleNamespace, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.embed = Embed(p, vocabulary)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(p.embedding, p.filters, width, padding="same") for width in p.widths
        )
        self.classify = nn.Sequential(nn.Dropout(p.dropout), nn.Linear(p.filters * len(p.widths), classes))

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits."""
        mask = (ids != 0)[:, None]  # (B, 1, T)
        vectors = self.embed(ids).transpose(1, 2) * mask
        strongest = [convolve(vectors).relu().masked_fill(~mask, 0).amax(2) for convolve in self.convolutions]
        return self.classify(torch.cat(strongest, dim=1))


class ConvolutionalRecurrent(nn.Module):
    """The peer of cnn_lstm."""

    def __init__(self, name: str, p: SimpleNamespace, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.p = p
        self.embed = Embed(p, vocabulary)
        self.convolve = nn.Conv1d(p.embedding, p.filters, p.window, padding="same")
        self.merge = nn.MaxPool1d(p.pool, ceil_mode=True)
        self.encode = Encode(LAYERS[name], p, p.filters, both_directions=False)
        self.classify = nn.Sequential(nn.Dropout(p.dropout), nn.Linear(p.units, classes))

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits."""
        mask = (ids != 0)[:, None].float()  # (B, 1, T)
        steps = self.merge(self.convolve(self.embed(ids).transpose(1, 2) * mask).relu() * mask)
        mask = self.merge(mask)[:, 0].bool()
        return self.classify(pool(self.encode(steps.transpose(1, 2), mask), mask, self.p.pooling))


PEERS = {"attention": Attention, "cnn": Convolutions, "cnn_lstm": ConvolutionalRecurrent} | dict.fromkeys(
    ("rnn", "gru", "lstm", "bilstm"), Recurrent
)


def initialise(model: nn.Module) -> None:
    """Draw the first weights as Keras does, so that both sides start alike."""
    for name, weights in model.named_parameters():
        if "table" in name:
            nn.init.uniform_(weights, -0.05, 0.05)
        elif "weight_hh" in name:
            for gate in weights.data.split(weights.shape[1]):
                nn.init.orthogonal_(gate)
        elif weights.ndim > 1:
            nn.init.xavier_uniform_(weights)
        else:
            nn.init.zeros_(weights)
    for layer in model.modules():
        if isinstance(layer, nn.LSTM):
            nn.init.ones_(layer.bias_ih_l0.data.chunk(4)[1])  # the forget gate's


def train(
    model: nn.Module, batches: TrainingBatches, validate: Callable[[nn.Module], float], job: dict, seed: int
) -> float:
    """Train for all epochs, as `stages.training.loop.fit` does; return the best epoch's accuracy on validation."""
    training, best, kept = SimpleNamespace(**job["training"]), 0.0, None
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(training.ema_decay))
    averaged.n_averaged += 1  # the first weights count
    optimizer = torch.optim.AdamW(
        model.parameters(),
        job["parameters"]["learning_rate"],
        eps=1e-7,
        weight_decay=job["parameters"]["weight_decay"],
        fused=True,
    )
    epochs = Epochs(partial(batches.of_pass, seed), training.epochs, training)
    lowest = 0.1 * job["parameters"]["learning_rate"]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs.steps, lowest)
    for epoch in range(training.epochs):
        model.train()
        for ids, labels in _tensors(EpochBatches(batches, epochs(epoch))):
            optimizer.zero_grad()
            functional.cross_entropy(model(ids), labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(model)
        accuracy = validate(averaged.eval())
        if accuracy > best:
            best, kept = accuracy, copy.deepcopy(averaged.module.state_dict())
    model.load_state_dict(kept)
    return best


def _tensors(batches) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ids and labels without the rows that fill a batch up: PyTorch needs no fixed shapes."""
    for ids, labels, weights in batches:
        real = int(weights.sum())
        yield torch.from_numpy(ids[:real]), torch.from_numpy(labels[:real]).long()


def main(job: dict) -> list[float]:
    """Train once a seed, one after the other; return the accuracies on validation."""
    data = PreparedTexts.open(Path(job["tokens"]))
    training, validation = data.part("train"), data.part("validation")
    lengths = bucket_lengths(training.lengths, job["training"]["buckets"], data.maximum_length)
    size = job["training"]["batch_size"]
    batches, held_out = TrainingBatches(training, lengths, size), Batches(validation, lengths, size)

    @torch.inference_mode()
    def accuracy(model: nn.Module) -> float:
        hits = 0
        for rows, ids in held_out.in_order():
            hits += (model(torch.from_numpy(ids[: len(rows)])).argmax(1).numpy() == validation.labels[rows]).sum()
        return float(hits / len(validation.labels))

    accuracies, parameters = [], SimpleNamespace(**job["parameters"])
    for seed in job["seeds"]:
        torch.manual_seed(seed)
        model = PEERS[job["model"]](job["model"], parameters, data.preprocessor.input.vocabulary, len(data.labels))
        initialise(model)
        accuracies.append(train(model, batches, accuracy, job, seed))
    return accuracies


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
