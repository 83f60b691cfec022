"""Classification of signals: sounds, heartbeats, movements, anything that a sensor measures step by step.

It builds on text classification, whose models, metrics and training it has; what differs is the input. Under
data/prepared/<dataset>/, n signals in a part and t steps in it, of F channels:

| file                                    | dtype, shape          | meaning                                        |
|-----------------------------------------|-----------------------|------------------------------------------------|
| table.parquet                           | a row for each signal | id, file, row, label, part (or null), steps,   |
|                                         |                       | channels, lowest, highest, content (a hash of  |
|                                         |                       | the values), values: float64 (steps * channels)|
| parts/{train,validation,test}.parquet   | a row for each signal | id, label, steps, channels, values             |
| frames/{train,validation}.values.npy    | float32 (t, F)        | all signals' frames, scaled, one after another |
| frames/{train,validation}.offsets.npy   | int64 (n + 1,)        | signal i is values[offsets[i]:offsets[i + 1]]  |
| frames/{train,validation}.labels.npy    | int32 (n,)            | index into the labels                          |
| frames/{train,validation}.weights.npy   | float32 (n,)          | ones                                           |
| frames/scaler.json                      | object                | mean and deviation of each channel, how signals|
|                                         |                       | are scaled, and how many steps make a frame    |
| frames/meta.json                        | object                | labels (sorted), maximum_length, reading       |

The test part is not scaled ahead: `evaluate` gives its values to the saved model, which carries its scaler.

data/predictions/<dataset>/<model>.parquet has a row for each test signal and seed: id, label, steps, seed, predicted,
and `probability.<label>` for each label (float64).
"""
