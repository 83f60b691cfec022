"""What people run by hand: one Typer program, installed as `recur`.

Its commands ask models that `dvc repro` trained. They are no stages: what they answer goes to standard output.
"""

from stages.app.program import main

__all__ = ["main"]
