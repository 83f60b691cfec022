"""The text classifiers, one per file; `stages/tasks/classification/modeling/contract.py` says what a file holds."""
