"""The forecasters, one a file; stages/tasks/forecasting/modeling/contract.py says what a file holds."""
