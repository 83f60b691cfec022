"""Picture descriptions: its data contract.

Under data/prepared/<dataset>/, n pairs of train, H lines of W pixels of C channels that networks read, w tokens:

| file                              | dtype, shape       | meaning                                                    |
|-----------------------------------|--------------------|------------------------------------------------------------|
| table.parquet                     | row a picture      | id, file, row, target (descriptions, a line each), group (o|
|                                   |                    | null), part (or null), lowest, highest, content, height,   |
|                                   |                    | width, channels, pixels (bytes)                            |
| parts/{train,…,test}.parquet      | row a source       | id, height, width, channels, pixels, targets (a list), and |
|                                   |                    | of a scene what it is made of: see splitter.py             |
| pictures/train.source.values.npy  | uint8 (n·H, W, C)  | all pictures, one below the other                          |
| pictures/train.source.offsets.npy | int64 (n + 1,)     | picture i is values[offsets[i]:offsets[i + 1]]             |
| pictures/train.target.values.npy  | int32 (w,)         | all descriptions' tokens, each with its end                |
| pictures/train.target.offsets.npy | int64 (n + 1,)     | as above; a picture with several descriptions stands in as |
|                                   |                    | many pairs                                                 |
| pictures/preprocessor.json        | object             | target (the tokenizer's own format), size, mean and        |
|                                   |                    | deviation of each channel over train, filters, longest_side|
|                                   |                    | maximum, units, lengths                                    |

Validation and test are not prepared ahead: `train` and `evaluate` have models write from their pictures.

Under data/predictions/<dataset>/<model>.parquet, a row for each test picture and seed: id, words (of its first
description), seed, output, ended, and what the output adds to the metrics' sums (see sequence to sequence).
"""
