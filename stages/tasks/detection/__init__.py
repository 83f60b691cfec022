"""Regions of pictures: its data contract.

Under data/prepared/<dataset>/, n pictures of train, H lines of W pixels of C channels, M objects of a picture at most:

| file                          | dtype, shape       | meaning                                                         |
|-------------------------------|--------------------|-----------------------------------------------------------------|
| table.parquet                 | row a picture      | id, file, row, target (all that is said of it), labels (a list),|
|                               |                    | boxes (four numbers an object: left, top, right, bottom), group |
|                               |                    | (or null), part (or null), lowest, highest, content, height,    |
|                               |                    | width, channels, pixels (bytes)                                 |
| parts/{train,…,test}.parquet  | row a picture      | id, height, width, channels, pixels, labels, boxes, members, and|
|                               |                    | of a scene what it is made of: see tasks/picture_parts.py       |
| regions/train.pictures.npy    | uint8 (n, H, W, C) | the pictures as networks read them                              |
| regions/train.objects.npy     | float32 (n, M, 5)  | class, counted from 1 (0: no object), and box in these pixels   |
| regions/preprocessor.json     | object             | classes, size, mean and deviation of each channel over train,   |
|                               |                    | filters, regions, longest_side                                  |

Validation and test are not prepared ahead: `train` and `evaluate` have models find objects in their pictures.

Under data/predictions/<dataset>/<model>.parquet, a row for each test picture and seed: id, objects, seed, and what the
picture adds to the metrics' sums: see modeling/statistics.py.
"""
