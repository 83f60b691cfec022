"""Text classification: its data contract.

Under data/prepared/<dataset>/, n texts in a part and t tokens in it:

| file                                    | dtype, shape          | meaning                                       |
|-----------------------------------------|-----------------------|-----------------------------------------------|
| table.parquet                           | a row for each text   | id, file, row, text, label, part (or null),   |
|                                         |                       | and weight if `reading.weight` names a column |
| parts/{train,validation,test}.parquet   | a row for each text   | id, text, label, and weight if there is one   |
| tokens/{train,validation}.values.npy    | int32 (t,)            | all texts' tokens, one after the other        |
| tokens/{train,validation}.offsets.npy   | int64 (n + 1,)        | text i is values[offsets[i]:offsets[i + 1]]   |
| tokens/{train,validation}.labels.npy    | int32 (n,)            | index into the labels                         |
| tokens/{train,validation}.weights.npy   | float32 (n,)          | how much the text counts in training          |
| tokens/tokenizer.json                   | tokenizers' format    | the vocabulary; 0 is [PAD], 1 is [UNK]        |
| tokens/vectors.npy                      | float32 (v, width)    | what the vocabulary's v tokens start from;    |
|                                         |                       | zeros: no vector; absent if `vectors: none`   |
| tokens/meta.json                        | object                | labels (sorted), maximum_length, vectors_from |

The test part is not tokenized ahead: `evaluate` gives its texts to the saved model, which carries its vocabulary.

data/predictions/<dataset>/<model>.parquet has a row for each test text and seed: id, label, tokens (before cutting),
unknown (tokens that are not in the vocabulary), seed, predicted, and `probability.<label>` for each label (float64). A
trained model's folder is described in stages/training/saved.py.
"""
