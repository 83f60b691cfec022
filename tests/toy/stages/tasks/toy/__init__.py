"""A toy task: predict the last number of a short sequence from those before it.

| where | what |
|---|---|
| data/raw/<dataset>/ | text files: a sequence per line, its numbers separated by spaces |
| data/prepared/<dataset>/table.parquet | id, file, row, context (list of float), target (float) |
| data/prepared/<dataset>/parts/ | the same columns, a file per part |
| data/prepared/<dataset>/window/ | scaler.json; train.npy, validation.npy: float32 (N, L + 1), the target last |
| data/predictions/<dataset>/<model>.parquet | id, seed, target, predicted |
"""
