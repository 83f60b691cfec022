"""Questions about texts, with an answer each out of a fixed set.

It builds on text classification, whose models, metrics and training it has: an example is one text, whose first line is
the question and whose further lines are the sentences of what it is about. Under data/prepared/<dataset>/, n questions
in a part and t tokens in it:

| file                                  | dtype, shape            | meaning                                         |
|---------------------------------------|-------------------------|-------------------------------------------------|
| table.parquet                         | a row for each question | id, file, row, story (a sentence a line),       |
|                                       |                         | question, label, kind (or null), facts (numbers |
|                                       |                         | of sentences, or null), part (or null), and     |
|                                       |                         | replayed where `reading.replay` is set          |
| parts/{train,validation,test}.parquet | a row for each question | id, text (question and sentences, a line each), |
|                                       |                         | label, kind, facts                              |
| tokens/                               |                         | as of text classification; a line break is a    |
|                                       |                         | token                                           |

data/predictions/<dataset>/<model>.parquet has a row for each test question and seed: id, label, tokens, unknown, story
(which of the test part's), kind, seed, predicted, and `probability.<label>` for each label (float64).
"""
