"""Text generation: its data contract.

Under data/prepared/<dataset>/, t tokens in a part:

| file                            | dtype, shape     | meaning                                                      |
|---------------------------------|------------------|--------------------------------------------------------------|
| table.parquet                   | a row per work   | id, file, row, text, part (or null)                          |
| parts/<part>.parquet            | a row per work   | id, text; a single work is cut between lines                 |
| window/<part>.ids.npy           | int32 (t,)       | all works' tokens, one after the other                       |
| window/<part>.lengths.npy       | int32 (t,)       | characters that each token stands for                        |
| window/<part>.starts.npy        | int64 (windows,) | window i is ids[starts[i]:starts[i] + length], a view        |
| window/tokenizer.json           | tokenizers' own  | the vocabulary; 0 is [UNK]; joined, tokens are the text      |
| window/meta.json                | object           | unit, length, newline (its id), characters (distinct ones)   |

In window/ <part> is train or validation. The test part is not encoded ahead: `evaluate` gives its text to the saved
model, which carries its vocabulary.

Under data/predictions/<dataset>/<model>.parquet, a row for each block of the test part and seed: id, seed, work,
characters, words (how many), bits (float64). A trained model's folder is described in `stages/training/saved.py`;
beside what all tasks' have, model.json has the key `window`: meta.json.
"""
