"""The language models, one per file; `stages/tasks/generation/modeling/contract.py` says what a file holds."""
