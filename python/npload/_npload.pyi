"""The extension module."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from types import EllipsisType
from typing import Any, Literal, Protocol, Self, SupportsIndex, TypeAlias, final, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray
from typing_extensions import Buffer, TypeVar, disjoint_base

from npload._files import LazyFiles
from npload._info import ArrayInfo
from npload._lazy import LazyNpz

__version__: str

_A = TypeVar("_A", bound=NDArray[Any])

class _Reader(Protocol):
    def read(self, size: int, /) -> Buffer: ...
    def seek(self, offset: int, whence: int, /) -> object: ...

_Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]
_File: TypeAlias = _Path | _Reader
_Encoding: TypeAlias = Literal["ASCII", "latin1", "bytes"]
_MmapMode: TypeAlias = Literal["r", "c", "r+"]
_Progress: TypeAlias = bool | Callable[[int, int], object] | None

@overload
def load(
    file: _File,
    mmap_mode: None = None,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    *,
    max_header_size: int = 10000,
    safe_pickle: bool | np.bool = False,
    verify: bool | None = None,
    threads: int | None = None,
    out: _A,
    progress: _Progress = None,
) -> _A: ...
@overload
def load(
    file: _File,
    mmap_mode: _MmapMode | None = None,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    *,
    max_header_size: int = 10000,
    safe_pickle: bool | np.bool = False,
    verify: bool | None = None,
    threads: int | None = None,
    out: None = None,
    progress: _Progress = None,
) -> Any: ...
def load_exactly(
    file: _File,
    mmap_mode: _MmapMode | None = None,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    *,
    max_header_size: int = 10000,
) -> Any: ...
def loads(
    buffer: Buffer,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    *,
    max_header_size: int = 10000,
    safe_pickle: bool | np.bool = False,
    verify: bool | None = None,
    threads: int | None = None,
) -> Any: ...
def load_many(
    paths: Iterable[_Path],
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    *,
    max_header_size: int = 10000,
    safe_pickle: bool | np.bool = False,
    verify: bool | None = None,
    threads: int | None = None,
) -> list[Any]: ...
def peek(file: _File, *, max_header_size: int = 10000) -> ArrayInfo | dict[str, ArrayInfo]: ...
@overload
def open(
    file: _File,
    *,
    max_header_size: int = 10000,
    verify: bool | None = None,
    threads: int | None = None,
    stack: None = None,
    concat: None = None,
) -> LazyArray | LazyNpz: ...
@overload
def open(
    file: _Path | Iterable[_Path],
    *,
    max_header_size: int = 10000,
    verify: bool | None = None,
    threads: int | None = None,
    stack: int,
    concat: None = None,
) -> LazyFiles: ...
@overload
def open(
    file: _Path | Iterable[_Path],
    *,
    max_header_size: int = 10000,
    verify: bool | None = None,
    threads: int | None = None,
    stack: None = None,
    concat: int,
) -> LazyFiles: ...
def open_archive(
    file: _File,
    *,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: _Encoding = "ASCII",
    max_header_size: int = 10000,
    safe_pickle: bool = False,
) -> Archive: ...
def create_npy(
    filename: _Path,
    descr: str,
    shape: tuple[int, ...],
    fortran_order: bool,
    version: tuple[int, int] | None,
) -> None: ...
def narrow(array: NDArray[Any], threads: int | None = None) -> tuple[NDArray[Any], int | None]: ...
def write_npy(
    file: object, array: NDArray[Any], allow_pickle: bool, options: dict[str, Any]
) -> None: ...
def write_npz(
    file: object,
    members: list[tuple[str, NDArray[Any] | bytes]],
    allow_pickle: bool,
    options: dict[str, Any],
) -> None: ...
def edit_npz(
    file: object,
    changes: list[tuple[str, str, NDArray[Any] | None]],
    allow_pickle: bool,
    options: dict[str, Any],
) -> None: ...
def prepare() -> None: ...
def run_command(arguments: list[str]) -> int: ...

@final
class Appender:
    def __new__(cls, file: object, durable: bool) -> Self: ...
    def append(self, array: NDArray[Any]) -> None: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def close(self) -> None: ...

@disjoint_base
class Archive:
    def __new__(cls, opened: Archive) -> Self: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def load_all(self, keys: Iterable[str] | None = None) -> dict[str, Any]: ...
    def _close(self) -> None: ...
    def _keys(self) -> list[str]: ...
    def _header(self, key: str) -> tuple[np.dtype[Any], tuple[int, ...]] | None: ...
    def _lazy(self, key: str) -> LazyArray: ...
    def _arguments(self) -> dict[str, Any]: ...
    @property
    def _is_closed(self) -> bool: ...
    @property
    def _is_exact(self) -> bool: ...
    @property
    def _path(self) -> str | None: ...
    @property
    def _file_id(self) -> tuple[int, int] | None: ...
    @property
    def _file(self) -> Any: ...

_Index: TypeAlias = SupportsIndex | slice | EllipsisType | None | NDArray[Any] | list[Any]

@final
class LazyArray:
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def fortran_order(self) -> bool: ...
    @property
    def chunks(self) -> tuple[int, ...]: ...
    @property
    def _is_compressed(self) -> bool: ...
    @property
    def _stamp(self) -> tuple[int, int, int] | None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def load(self, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
    def blocks(
        self, shape: tuple[int, ...] | None = None
    ) -> Iterator[tuple[tuple[slice, ...], NDArray[Any]]]: ...
    def _read_boxes(self, boxes: Sequence[Sequence[tuple[int, int]]]) -> list[NDArray[Any]]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __dask_tokenize__(self) -> Any: ...
    def __getitem__(self, index: _Index | str | tuple[_Index, ...], /) -> Any: ...
    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_raised: object) -> None: ...

@final
class Mapping:
    def close(self) -> None: ...
    def flush(self) -> None: ...
    @property
    def closed(self) -> bool: ...
