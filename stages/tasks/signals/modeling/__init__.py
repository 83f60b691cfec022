"""What decides how signals are learned from, beside what all classifiers share."""
