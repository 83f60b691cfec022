"""Sequence to sequence: its data contract.

Under data/prepared/<dataset>/, n pairs of train that are learned from, t tokens on a side:

| file                            | dtype, shape   | meaning                                                         |
|---------------------------------|----------------|-----------------------------------------------------------------|
| table.parquet                   | row per pair   | id, file, row, source, target, part (or null)                   |
| parts/{train,…,test}.parquet    | row per source | id, source, targets (a list of its references)                  |
| tokens/train.<side>.values.npy  | int32 (t,)     | all texts' tokens, one after the other, each text with its end  |
| tokens/train.<side>.offsets.npy | int64 (n + 1,) | text i is ids[offsets[i]:offsets[i + 1]]                        |
| tokens/vocabularies.json        | object         | source, target: tokenizers' own format; ids 0 to 3 are [PAD],   |
|                                 |                | [UNK], [BEGIN], [END]; maximum: most tokens of a text, by side; |
|                                 |                | units; lengths: to which networks pad sources                   |

<side> is source or target; a source with several references is repeated. Validation and test are not encoded ahead:
`train` and `evaluate` have models write from their sources' texts.

Under data/predictions/<dataset>/<model>.parquet, a row for each test source and seed: id, source_tokens, seed,
output, ended, and what the output adds to the metrics' sums (`modeling.statistics.COLUMNS`); columns of greedy search
begin with `greedy.`. A trained model's folder is described in `stages/training/saved.py`.
"""
