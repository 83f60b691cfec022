"""What decides how questions are learned from, beside what all classifiers share."""
