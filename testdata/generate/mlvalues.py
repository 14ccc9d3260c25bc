"""Prints mlvalues.jsonl: for each of ml_dtypes' types of one byte, the values of all 256 bytes."""

import json

import ml_dtypes
import numpy as np
from mltypes import BITS, FLOATS8

for name in [*FLOATS8, *BITS]:
    array = np.arange(256, dtype="u1").view(getattr(ml_dtypes, name))
    kind = int if "int" in name else float
    print(json.dumps({"type": name, "values": [repr(kind(value)) for value in array], "str": [str(value) for value in array]}))
