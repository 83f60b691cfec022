"""Speech recognition: its data contract.

Under data/prepared/<dataset>/, n recordings or strings of train that are learned from, t frames of F numbers, w tokens:

| file                            | dtype, shape    | meaning                                                        |
|---------------------------------|-----------------|----------------------------------------------------------------|
| table.parquet                   | row a recording | id, file, row, target, speaker (or null), part (or null),      |
|                                 |                 | steps, channels, lowest, highest, content, channel_names,      |
|                                 |                 | sample_rate, values (steps · channels numbers)                 |
| parts/{train,…,test}.parquet    | row a source    | id, source (its numbers, float32), channels, channel_names,    |
|                                 |                 | sample_rate, targets (a list of one), recordings (their ids),  |
|                                 |                 | ends (the step at which each recording ends)                   |
| frames/train.source.values.npy  | float32 (t, F)  | all sources' frames, scaled, one after the other               |
| frames/train.source.offsets.npy | int64 (n + 1,)  | source i is values[offsets[i]:offsets[i + 1]]                  |
| frames/train.target.values.npy  | int32 (w,)      | all targets' tokens, each target with its end                  |
| frames/train.target.offsets.npy | int64 (n + 1,)  | as above                                                       |
| frames/preprocessor.json        | object          | scaler, target (the tokenizer's own format), maximum, units,   |
|                                 |                 | lengths (to which networks pad sources), frames_per_vector,    |
|                                 |                 | reading (how raw files are read)                               |

Validation and test are not prepared ahead: `train` and `evaluate` have models write from their sources.

Under data/predictions/<dataset>/<model>.parquet, a row for each test source and seed: id, frames, seed, output, ended,
and what the output adds to the metrics' sums (see sequence to sequence); columns of greedy search begin with `greedy.`.
"""
