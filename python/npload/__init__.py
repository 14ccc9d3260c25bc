"""numpy.load, faster and safer: ``.npy`` and ``.npz`` files, and pickles when you allow them.

>>> import npload
>>> array = npload.load("x.npy")                        # doctest: +SKIP
>>> with npload.load("weights.npz") as weights:         # doctest: +SKIP
...     weights["w"]

`load` takes what `numpy.load` takes and gives what it gives. `install` puts it in the place of
`numpy.load` for a whole program.
"""

from npload._npload import Mapping, load, loads
from npload._npz import NpzFile

__all__ = [
    "Mapping",
    "NpzFile",
    "load",
    "loads",
]
