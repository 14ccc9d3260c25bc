"""Damaged and odd archives: NumPy's exception classes, its messages, and nothing left open (CONTRACT §5)."""

from __future__ import annotations

import io
import lzma
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, place_of, saved

ARRAY = np.arange(1000, dtype="<i4")


def stored() -> bytearray:
    return bytearray(archive({"a.npy": saved(ARRAY), "b.npy": saved(1)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wrong_checksum_is_a_bad_zip_file_that_names_the_member(both: Any, method: int) -> None:
    data = bytearray(archive({"a.npy": saved(ARRAY)}, method))
    for signature, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        at = data.index(signature) + offset
        data[at : at + 4] = b"\1\2\3\4"
    with both(io.BytesIO(data)) as npz, pytest.raises(zipfile.BadZipFile, match=r"^Bad CRC-32 for file 'a\.npy'"):
        npz["a"]


def test_a_flipped_bit_of_data_is_found(both: Any) -> None:
    data = stored()
    data[place_of(data, "a.npy") + 1000] ^= 4
    with both(io.BytesIO(data)) as npz:
        with pytest.raises(zipfile.BadZipFile, match=r"^Bad CRC-32 for file 'a\.npy'"):
            npz["a"]
        assert npz["b"] == 1


def test_verify_false_reads_on() -> None:
    data = stored()
    data[place_of(data, "a.npy") + 128] ^= 4
    with npload.load(io.BytesIO(data), verify=False) as npz:
        assert npz["a"][0] == 4
        assert npz.load_all()["a"][0] == 4


def test_verify_true_checks_mapped_members_too(tmp_path: Path) -> None:
    data = stored()
    data[place_of(data, "a.npy") + 1000] ^= 4
    (tmp_path / "x.npz").write_bytes(data)
    with npload.load(tmp_path / "x.npz", mmap_mode="r") as npz:
        assert npz["a"].size == 1000
    with (
        npload.load(tmp_path / "x.npz", mmap_mode="r", verify=True) as npz,
        pytest.raises(zipfile.BadZipFile, match=r"^Bad CRC-32 for file 'a\.npy'"),
    ):
        npz["a"]


def test_two_names_of_a_member_are_a_bad_zip_file(both: Any) -> None:
    data = stored()
    at = data.index(b"a.npy")
    data[at : at + 5] = b"x.npy"
    with both(io.BytesIO(data)) as npz, pytest.raises(zipfile.BadZipFile, match="File name in directory"):
        npz["a"]


def test_encrypted_members_are_a_runtime_error(both: Any) -> None:
    data = stored()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with both(io.BytesIO(data)) as npz, pytest.raises(RuntimeError, match="encrypted"):
        npz["a"]


def test_an_unknown_method_is_not_implemented(both: Any) -> None:
    data = stored()
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(signature) + offset
        data[at : at + 2] = struct.pack("<H", 77)
    with both(io.BytesIO(data)) as npz, pytest.raises(NotImplementedError):
        npz["a"]
    assert issubclass(NotImplementedError, RuntimeError)


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_a_refused_archive_leaves_no_descriptor_open(tmp_path: Path, allow_pickle: bool) -> None:
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 and no archive")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(zipfile.BadZipFile):
            npload.load(tmp_path / "x.npz", allow_pickle=allow_pickle)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_cut_archive_is_a_bad_zip_file_wherever_it_is_cut() -> None:
    data = bytes(stored())
    for end in [*range(4, 200, 7), *range(200, len(data), 97), len(data) - 1]:
        with pytest.raises(zipfile.BadZipFile):
            npload.load(io.BytesIO(data[:end]))


def test_no_flipped_byte_gives_a_wrong_array(tmp_path: Path) -> None:
    data = stored()
    wrong = []
    for at in range(0, len(data), 3):
        data[at] ^= 0x55
        try:
            with npload.load(io.BytesIO(data)) as npz:
                for key in npz.files:
                    value = npz[key]
                    if isinstance(value, np.ndarray) and value.tobytes() not in (ARRAY.tobytes(), b"\1" + b"\0" * 7):
                        wrong.append(at)
        except (ValueError, zipfile.BadZipFile, RuntimeError, UnicodeDecodeError, OSError, EOFError, KeyError):
            pass
        data[at] ^= 0x55
    assert wrong == []


@pytest.mark.parametrize(
    ("method", "also"),
    [(zipfile.ZIP_DEFLATED, zlib.error), (zipfile.ZIP_BZIP2, OSError), (zipfile.ZIP_LZMA, lzma.LZMAError)],
)
def test_a_damaged_stream_is_a_bad_zip_file_and_what_its_decoder_raises(method: int, also: type[Exception]) -> None:
    data = bytearray(archive({"a.npy": saved(np.random.default_rng(1).integers(0, 9, 5000))}, method))
    at = place_of(data, "a.npy") + (0 if method == zipfile.ZIP_DEFLATED else 2000)
    data[at : at + 64] = b"\xff" * 64
    with npload.load(io.BytesIO(data)) as npz:
        for load in (lambda: npz["a"], npz.load_all):
            with pytest.raises(zipfile.BadZipFile) as caught:
                load()
            assert isinstance(caught.value, also)
            assert type(pickle.loads(pickle.dumps(caught.value))) is type(caught.value)


def test_places_in_messages_name_file_member_and_byte(tmp_path: Path) -> None:
    data = stored()
    data[place_of(data, "a.npy") + 1000] ^= 4
    (tmp_path / "x.npz").write_bytes(data)
    with npload.load(tmp_path / "x.npz") as npz, pytest.raises(zipfile.BadZipFile) as caught:
        npz["a"]
    assert str(tmp_path / "x.npz") in str(caught.value)
    assert "a.npy" in str(caught.value)
