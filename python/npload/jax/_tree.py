"""Archives as trees."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Sharding

from npload.jax._device import Device
from npload.jax._keys import is_key, struct_of
from npload.jax._load import load, name_of
from npload.jax._members import load_members
from npload.jax._npz import NpzArrays
from npload.jax._place import Placements
from npload.jax._values import Rule, is_held, read_as


class _Leaf(NamedTuple):
    """What a target says of one array."""

    shape: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    sharding: Sharding | None


def load_tree(
    file: Any,
    target: Any = None,
    *,
    device: Device | None = None,
    sharding: Placements = None,
    **options: Any,
) -> Any:
    """
    Load an archive as a tree: member names are paths, ``a/b/c``.

    Parameters
    ----------
    file : str, bytes, path or file object
        The archive.
    target : pytree, optional
        What is to come: leaves are `jax.ShapeDtypeStruct` (or arrays), whose shapes and dtypes are
        checked and whose shardings are used, or shardings alone. Every leaf's path has a member, and
        every member a leaf. By default the tree is nested dicts, as the names say.
    device, sharding
        As in `load`; with a target, instead of its shardings.
    **options
        As in `load`.

    Returns
    -------
    pytree
        Arrays in nested dicts, or in the structure of `target`.

    Raises
    ------
    ValueError
        The archive does not fit the target: the error lists everything that is wrong. Or two names
        exclude each other (``a`` and ``a/b``).
    OSError, TypeError, OverflowError
        As `load`.

    Examples
    --------
    >>> import jax, npload.jax
    >>> import numpy as np
    >>> layers = {"layers/0/w": np.ones((2, 3), "f4"), "layers/0/b": np.zeros(3, "f4")}
    >>> np.savez("model.npz", **layers)
    >>> npload.jax.load_tree("model.npz")["layers"]["0"]["b"]
    Array([0., 0., 0.], dtype=float32)
    >>> w = jax.ShapeDtypeStruct((2, 3), "float32")
    >>> npload.jax.load_tree("model.npz", {"layers": [{"w": w}]})
    Traceback (most recent call last):
    ...
    ValueError: model.npz does not fit the target:
      layers/0/b: is in the file, and not in the target
    """
    loaded = load(file, device=device, sharding=sharding, **options)
    if not isinstance(loaded, NpzArrays):
        raise ValueError(  # noqa: TRY004  (as for a file of another kind)
            f"{name_of(file)} is no archive: only an .npz file is a tree"
        )
    with loaded as arrays:
        if target is None:
            check_names(arrays.files, name_of(file))
            return _nested(arrays.load_all())
        leaves, structure = jax.tree_util.tree_flatten_with_path(target)
        wanted = {name: _leaf(leaf, name) for name, leaf in named(leaves, "the target")}
        _check(arrays, wanted, name_of(file))
        own_places = arrays._where.is_default

        def place(key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Sharding | None:
            return wanted[key].sharding if own_places else arrays._where.of(key, shape, dtype)

        def rule(key: str) -> Rule:
            return _rule(arrays._rule, wanted[key])

        members = load_members(arrays._npz, list(wanted), place, rule)
        return jax.tree_util.tree_unflatten(structure, [members[key] for key in wanted])


def _leaf(leaf: Any, name: str) -> _Leaf:
    if isinstance(leaf, Sharding):
        return _Leaf(None, None, leaf)
    if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        raise TypeError(
            "a target's leaves are jax.ShapeDtypeStruct, arrays or shardings, and "
            f"{name} is {type(leaf).__name__}"
        )
    sharding = getattr(leaf, "sharding", None)
    if isinstance(leaf, jax.Array) and not leaf.committed:
        sharding = None
    if is_key(leaf.dtype):
        return _Leaf(tuple(leaf.shape), struct_of(leaf.dtype), sharding)
    try:
        dtype = np.dtype(leaf.dtype)
    except TypeError:
        raise TypeError(f"{name}: no file has elements of {leaf.dtype}") from None
    if is_held(dtype):
        dtype = np.dtype(jax.dtypes.canonicalize_dtype(dtype))
    return _Leaf(tuple(leaf.shape), dtype, sharding)


def _rule(rule: Rule, leaf: _Leaf) -> Rule:
    """Return the rule for a leaf: bytes without a name are of the type that it says."""
    return rule if leaf.dtype is None or rule.dtype is not None else rule._replace(dtype=leaf.dtype)


def _check(arrays: NpzArrays, wanted: Mapping[str, _Leaf], file: str) -> None:
    """Raise a `ValueError` that tells everything in which an archive does not fit a target."""
    wrong = []
    for key, leaf in wanted.items():
        if key not in arrays:
            wrong.append(f"{key}: is in the target, and not in the file")
            continue
        header = arrays._npz._header(key)
        if header is None:
            wrong.append(f"{key}: is no array that can be read")
            continue
        dtype, shape = header
        if leaf.shape is not None and shape != leaf.shape:
            wrong.append(f"{key}: has shape {shape}, and the target {leaf.shape}")
        if leaf.dtype is not None and not _fits(dtype, leaf.dtype, arrays._rule):
            found = read_as(dtype, leaf.dtype)
            wrong.append(f"{key}: has dtype {found}, and the target {leaf.dtype}")
    wrong += [
        f"{key}: is in the file, and not in the target"
        for key in dict.fromkeys(arrays.files)
        if key not in wanted
    ]
    if wrong:
        raise ValueError("\n  ".join([f"{file} does not fit the target:", *wrong]))


def _fits(found: np.dtype[Any], wanted: np.dtype[Any], rule: Rule) -> bool:
    found = read_as(found, rule.dtype or wanted)
    return (rule.target(found) or found) == wanted


def named(leaves: Iterable[tuple[Any, Any]], what: str) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a tree with their names, each of which is there once."""
    names: set[str] = set()
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        if name in names:
            raise ValueError(f"{what} has two leaves of the path {name!r}")
        names.add(name)
        yield name, leaf


def check_names(names: list[str], file: str) -> None:
    """Raise a `ValueError` where a name is in another that is an array's."""
    known = set(names)
    for name in names:
        parents = name.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            parent = "/".join(parents[:depth])
            if parent in known:
                raise ValueError(
                    f"{file} is no tree: {parent!r} is an array, and {name!r} is in it"
                )


def _nested(arrays: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *parents, last = name.split("/")
        at = tree
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = array
    return tree
