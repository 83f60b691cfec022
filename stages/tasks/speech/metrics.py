"""The metrics of speech recognition, and the notes' hypotheses."""

from stages.evaluation.hypotheses import Hypothesis
from stages.tasks.seq2seq.metrics import METRICS as OF_PAIRS

NAMES = ("token_error_rate", "sequence_error_rate", "exact_match")  # the others compare runs of words
METRICS = tuple(metric for metric in OF_PAIRS if metric.name in NAMES)

ASKED = ("digit_strings",)  # the datasets of which the notes' hypotheses are asked
BOTTLENECK = "A fixed vector is a bottleneck: attention helps on long sources"
HYPOTHESES = (
    Hypothesis("Attention beats one fixed vector", "bahdanau", "encoder_decoder", "all", ASKED),
    Hypothesis(BOTTLENECK, "bahdanau", "encoder_decoder", "longer", ASKED),
    Hypothesis("Labelling each step reads speech better than attention", "ctc", "bahdanau", "all", ASKED),
    Hypothesis("A network recognises speech better than a hidden Markov model", "ctc", "hmm", "all", ASKED),
)
