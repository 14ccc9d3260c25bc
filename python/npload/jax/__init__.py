"""jax.numpy.load, faster and without surprises: arrays that land on XLA devices, once.

>>> import npload.jax
>>> array = npload.jax.load("x.npy")                               # doctest: +SKIP
>>> array = npload.jax.load("x.npy", sharding=sharding)            # doctest: +SKIP
>>> model = npload.jax.load_tree("model.npz")                      # doctest: +SKIP

It needs JAX 0.8 or newer, which ``import npload`` alone does not import.
"""

from npload.jax import _version  # noqa: F401  (before what imports jax)
from npload.jax._install import install, installed, uninstall
from npload.jax._load import load
from npload.jax._npz import NpzArrays
from npload.jax._save import save, save_tree, savez
from npload.jax._tree import load_tree

__all__ = [
    "NpzArrays",
    "install",
    "installed",
    "load",
    "load_tree",
    "save",
    "save_tree",
    "savez",
    "uninstall",
]
