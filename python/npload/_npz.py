"""`NpzFile`: what is not in the extension module, since it need not be fast."""

import io
import os
import weakref
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any, Self

import numpy as np

from npload._closing import Closing
from npload._npload import Archive, load, load_exactly, open_archive


class BagObj:
    """Attributes that are an archive's members: ``npz.f.name`` is ``npz["name"]``."""

    def __init__(self, npz: Archive) -> None:
        self._npz = npz

    def __getattribute__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_npz")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> list[str]:
        return list(object.__getattribute__(self, "_npz"))


class NpzFile(Archive, Closing, Mapping[str, Any]):
    """
    The arrays of an ``.npz`` file, each loaded when it is asked for.

    A mapping like NumPy's ``NpzFile``, safe to share between threads and forked processes. Keys are
    the members' names without ``.npy``; a whole name finds its member too.

    Parameters
    ----------
    fid : str, bytes, path or file object
        The archive.
    own_fid : bool, optional
        Whether closing it closes `fid`, too.
    allow_pickle : bool, optional
        Whether object arrays may be unpickled, which runs code that is in the file.
    pickle_kwargs : dict, optional
        ``encoding`` and ``fix_imports`` for that.
    max_header_size : int, optional
        The most characters that an array's header may have.
    safe_pickle : bool, optional
        Whether object arrays are read as data, as in `load`.

    Attributes
    ----------
    files : list of str
        The keys.
    f : BagObj
        The members as attributes.
    zip : zipfile.ZipFile
        The archive as Python sees it, opened when it is asked for.
    fid : file object or None
        The file, opened when it is asked for, if the archive was given by its path.

    Examples
    --------
    >>> import numpy as np, npload, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "a.npz")
    >>> np.savez(path, x=np.arange(3))
    >>> with npload.load(path) as npz:
    ...     npz["x"]
    array([0, 1, 2])
    """

    _MAX_REPR_ARRAY_COUNT = 5
    _zip: zipfile.ZipFile | None = None
    _zip_file: IO[bytes] | None = None
    _fid: IO[bytes] | None = None

    def __new__(
        cls,
        fid: Any,
        own_fid: bool = False,
        allow_pickle: bool = False,
        pickle_kwargs: dict[str, Any] | None = None,
        *,
        max_header_size: int = 10000,
        safe_pickle: bool = False,
    ) -> Self:
        """Open the archive; see the class."""
        if not isinstance(fid, Archive):
            fid = open_archive(
                fid,
                allow_pickle=allow_pickle,
                max_header_size=max_header_size,
                safe_pickle=safe_pickle,
                **(pickle_kwargs or {}),
            )
        return Archive.__new__(cls, fid)

    def __init__(self, fid: Any, own_fid: bool = False, *_: Any, **__: Any) -> None:
        """Keep what is to be closed."""
        if own_fid:
            self._fid = fid
            weakref.finalize(self, fid.close)

    def close(self) -> None:
        """Close the archive; members can no longer be loaded. Arrays that were loaded stay."""
        self._close()
        opened, self._zip = self._zip, None
        if opened is not None:
            opened.close()
        for file in (self._zip_file, self._fid):
            if file is not None:
                file.close()
        self._zip_file = self._fid = None

    @property
    def files(self) -> list[str]:
        """The keys, in the archive's order; a member that is there twice comes twice."""
        files: list[str] | None = self.__dict__.get("_files")
        if files is None:
            files = self.__dict__["_files"] = self._keys()
        return files

    @property
    def allow_pickle(self) -> bool:
        """Whether object arrays may be unpickled."""
        allowed: bool = self._arguments()["allow_pickle"]
        return allowed

    @property
    def max_header_size(self) -> int:
        """The most characters that an array's header may have."""
        size: int = self._arguments()["max_header_size"]
        return size

    @property
    def pickle_kwargs(self) -> dict[str, Any]:
        """How object arrays are unpickled: ``encoding`` and ``fix_imports``."""
        arguments = self._arguments()
        return {name: arguments[name] for name in ("encoding", "fix_imports")}

    @property
    def f(self) -> Any:
        """The members as attributes."""
        return None if self._is_closed else BagObj(self)

    @property
    def zip(self) -> zipfile.ZipFile | None:
        """The archive as a `zipfile.ZipFile`, opened when it is first asked for."""
        if self._zip is None and not self._is_closed:
            file = self._file
            if self._path is not None:
                file = self._zip_file = self._opened_again()
            elif not hasattr(file, "read"):
                file = io.BytesIO(file)
            self._zip = zipfile.ZipFile(file)
            weakref.finalize(self, self._zip.close)
        return self._zip

    @property
    def fid(self) -> IO[bytes] | None:
        """The archive's file, opened when it is first asked for; None if a file was given."""
        if self._fid is None and self._path is not None and not self._is_closed:
            self._fid = self._opened_again()
        return self._fid

    def _opened_again(self) -> IO[bytes]:
        """Open the archive's file with a position of its own, to be closed by `close`."""
        path = self._path
        assert path is not None

        def opener(_: Any, flags: int) -> int:
            number = os.open(path, flags)
            found = os.fstat(number)
            if self._file_id in (None, (found.st_dev, found.st_ino)):
                return number
            os.close(number)
            raise ValueError(f"another file has taken the place of {path!r} since it was opened")

        # By its absolute path, under the name that was given.
        file = open(self._file, "rb", opener=opener)  # noqa: SIM115
        weakref.finalize(self, file.close)
        return file

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self.files)

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self.files)

    def __reduce__(self) -> tuple[Any, ...]:
        """Open it again by its path, in the process that unpickles it."""
        if self._path is None or self._is_closed:
            raise TypeError(
                "only an open NpzFile that was loaded by its path can be pickled: another process "
                "cannot open the same file object"
            )
        return _load_again, (self._path, self._arguments(), self._is_exact, type(self))

    def __repr__(self) -> str:
        """Return NumPy's representation, and a line with dtype and shape for each array named."""
        by_path = self._path is not None
        name = os.fspath(self._file) if by_path else getattr(self._fid, "name", "object")
        shown = self.files[: self._MAX_REPR_ARRAY_COUNT]
        more = "..." if len(self.files) > len(shown) else ""
        lines = [f"NpzFile {name!r} with keys: {', '.join(shown)}{more}"]
        for key in [] if self._is_closed or self._is_exact else shown:
            header = self._header(key)
            if header is not None:
                dtype, shape = header
                lines.append(f"  {key}: {dtype} {shape}")
        return "\n".join(lines)


def _load_again(
    path: str,
    arguments: dict[str, Any],
    exact: bool = False,
    class_: type[NpzFile] = NpzFile,
) -> Any:
    if exact:
        known = ("mmap_mode", "allow_pickle", "fix_imports", "encoding", "max_header_size")
        npz = load_exactly(path, **{name: arguments[name] for name in known})
    else:
        npz = load(path, **arguments)
    return npz if class_ is NpzFile else class_(npz)


_numpys: Any = np.lib.npyio.NpzFile
_numpys.register(NpzFile)
