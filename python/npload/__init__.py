"""numpy.load, faster and safer: ``.npy`` and ``.npz`` files, and pickles when you allow them.

>>> import npload
>>> array = npload.load("x.npy")                        # doctest: +SKIP
>>> with npload.load("weights.npz") as weights:         # doctest: +SKIP
...     weights["w"]

`load` takes what `numpy.load` takes and gives what it gives. `install` puts it in the place of
`numpy.load` for a whole program.
"""

from npload import _pickles  # noqa: F401  (now, and not while a process forks)
from npload._append import NpyAppender, edit_npz
from npload._files import LazyFiles
from npload._info import ArrayInfo
from npload._install import install, installed, uninstall
from npload._lazy import LazyNpz
from npload._memmap import open_memmap
from npload._npload import (
    LazyArray,
    Mapping,
    load,
    load_many,
    loads,
    open,
    peek,
    prepare,
)
from npload._npload import __version__ as __version__
from npload._npz import NpzFile
from npload._save import save, save_npz, savez, savez_compressed

__all__ = [
    "ArrayInfo",
    "LazyArray",
    "LazyFiles",
    "LazyNpz",
    "Mapping",
    "NpyAppender",
    "NpzFile",
    "edit_npz",
    "install",
    "installed",
    "load",
    "load_many",
    "loads",
    "open",
    "open_memmap",
    "peek",
    "save",
    "save_npz",
    "savez",
    "savez_compressed",
    "uninstall",
]

prepare()
del prepare
