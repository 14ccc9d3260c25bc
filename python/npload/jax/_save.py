"""`save`, `savez` and `save_tree`: arrays of JAX to files."""

from typing import Any, Literal

import jax

import npload
from npload._save import _Path, _Writer
from npload.jax._keys import as_struct, is_key
from npload.jax._tree import check_names, named


def save(
    file: _Path | _Writer,
    arr: Any,
    allow_pickle: bool = True,
    *,
    durable: bool = False,
    progress: Any = None,
) -> None:
    """
    Save an array of JAX to an ``.npy`` file.

    It takes what `jax.numpy.save` takes. All types of `ml_dtypes`, and random keys, come back by
    `npload.jax.load`.

    Parameters
    ----------
    file, allow_pickle, durable, progress
        As in `npload.save`.
    arr : array_like
        The array; all of it must be addressable by this process.

    Examples
    --------
    >>> import jax, npload.jax
    >>> npload.jax.save("key.npy", jax.random.key(0))
    >>> npload.jax.load("key.npy").dtype
    key<fry>
    """
    npload.save(file, _held(arr), allow_pickle, durable=durable, progress=progress)


def savez(file: _Path | _Writer, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """
    Save arrays of JAX to an ``.npz`` file, uncompressed.

    It takes what `jax.numpy.savez` takes. On a CPU ``npload.jax.load(file, mmap_mode="r")`` then uses
    the file's own memory.

    Parameters
    ----------
    file, *args, allow_pickle, **kwds
        As in `npload.savez`.

    Examples
    --------
    >>> import jax.numpy as jnp, npload.jax
    >>> npload.jax.savez("x.npz", w=jnp.ones(3, jnp.bfloat16))
    >>> npload.jax.load("x.npz")["w"].dtype
    dtype(bfloat16)
    """
    named = {key: _held(value) for key, value in kwds.items()}
    npload.savez(file, *map(_held, args), allow_pickle=allow_pickle, **named)


def save_tree(
    file: _Path | _Writer,
    tree: Any,
    *,
    compression: Literal["deflate", "stored", "zstd"] = "stored",
    level: int | None = None,
    align: int = 64,
    durable: bool = False,
    threads: int | None = None,
    progress: Any = None,
) -> None:
    """
    Save a tree of arrays as an archive: member names are paths, ``a/b/c``.

    Parameters
    ----------
    file : str, bytes, path or file object
        The archive.
    tree : pytree
        Arrays, random keys and numbers, in any structure. `load_tree` gives it back as nested dicts,
        or in the structure of its target.
    compression, level, align, durable, threads, progress
        As in `npload.save_npz`; stored by default, so that the archive can be mapped.

    Raises
    ------
    ValueError
        Two leaves have the same path, or one is in the other.

    See Also
    --------
    load_tree : The way back.

    Examples
    --------
    >>> import jax.numpy as jnp, npload.jax
    >>> npload.jax.save_tree("model.npz", {"layers": [{"w": jnp.ones(2)}], "step": 3})
    >>> npload.jax.load_tree("model.npz")["layers"]["0"]["w"]
    Array([1., 1.], dtype=float32)
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    members = {name: _held(leaf) for name, leaf in named(leaves, "the tree")}
    check_names(list(members), "what is to be saved")
    npload.save_npz(
        file,
        members,
        compression=compression,
        level=level,
        align=align,
        durable=durable,
        threads=threads,
        progress=progress,
        allow_pickle=False,
    )


def _held(value: Any) -> Any:
    """Return what a file can have of a value."""
    if isinstance(value, jax.Array) and is_key(value.dtype):
        return as_struct(value)
    return value
