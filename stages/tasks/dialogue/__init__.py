"""Dialogue: which of ten replies is the one that was given, and what a model would write.

It builds on sequence to sequence: a source is the last turns of a conversation, the latest first, a target the reply.
Under data/prepared/<dataset>/:

| file                                  | a row for each | columns                                                   |
|---------------------------------------|----------------|-----------------------------------------------------------|
| table.parquet                         | reply          | id, file, row (of the conversation), conversation, turn,  |
|                                       |                | source, target, speaker (or null), part (or null)         |
| parts/{train,validation,test}.parquet | reply          | id, source, targets (the reply), conversation, others     |
|                                       |                | (nine replies of other conversations; of train none)      |
| tokens/                               |                | as of sequence to sequence, and meta.json: history, words |

data/predictions/<dataset>/<model>.parquet has a row for each test reply and seed: id, conversation, source_tokens,
seed, and hit_1, hit_2 and hit_5: the probability that the reply is among the first one, two and five of ten, were
equal scores put in a random order.
"""
