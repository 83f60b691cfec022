"""The notes' claims about classifying texts."""

from stages.claims import Claim

CLAIMS = (
    Claim("Gates help on longer texts", "lstm", "rnn", "longest"),
    Claim("Gates help on longer texts", "gru", "rnn", "longest"),
    Claim("(for comparison: gates on short texts)", "lstm", "rnn", "shortest"),
    Claim("(for comparison: gates on short texts)", "gru", "rnn", "shortest"),
    Claim("Both directions help", "bilstm", "lstm", "all"),
    Claim("Attention helps on long texts", "attention", "bilstm", "longest"),
    Claim("(for comparison: attention on short texts)", "attention", "bilstm", "shortest"),
    Claim("Order matters: a sequence model beats a bag of n-grams", "lstm", "tfidf_logreg", "all"),
    Claim("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all"),
)
