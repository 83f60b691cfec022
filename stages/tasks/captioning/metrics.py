"""The metrics of picture descriptions, and the notes' hypotheses."""

from stages.evaluation.hypotheses import Hypothesis
from stages.tasks.seq2seq.metrics import METRICS as OF_PAIRS

NAMES = ("token_error_rate", "sequence_error_rate", "bleu", "exact_match")
METRICS = tuple(metric for metric in OF_PAIRS if metric.name in NAMES)

ASKED = ("digit_scenes",)  # the datasets of which the notes' hypotheses are asked
BOTTLENECK = "A fixed vector is a bottleneck: attention helps where there is much to say"
HYPOTHESES = (
    Hypothesis("Attention over places beats one fixed vector", "bahdanau", "encoder_decoder", "all", ASKED),
    Hypothesis(BOTTLENECK, "bahdanau", "encoder_decoder", "longer", ASKED),
    Hypothesis(
        "A network describes scenes better than components and a classifier", "bahdanau", "components", "all", ASKED
    ),
)
