"""The header: versions, limits, grammar, dtypes (CONTRACT §2)."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest

import npload
from made import header, npy, saved
from told import same, told

DATA = np.arange(3, dtype="<i4").tobytes()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_the_three_versions(both: Any, version: tuple[int, int]) -> None:
    assert both(io.BytesIO(npy(header(), DATA, version))).tolist() == [0, 1, 2]


@pytest.mark.parametrize("version", [(4, 0), (0, 0), (1, 1), (2, 1), (255, 255)])
def test_other_versions_are_refused_with_both_numbers(both: Any, version: tuple[int, int]) -> None:
    data = b"\x93NUMPY" + bytes(version) + struct.pack("<H", 60) + b" " * 60
    with pytest.raises(ValueError) as caught:
        both(io.BytesIO(data))
    assert str(caught.value).startswith(f"we only support format version (1,0), (2,0), and (3,0), not {version}")


def test_every_cut_of_a_file_says_what_is_missing(both: Any) -> None:
    data = saved(np.arange(3, dtype="<i4"))
    for end in range(6, 8):
        with pytest.raises(ValueError, match=f"EOF: reading magic string, expected 8 bytes got {end}"):
            both(io.BytesIO(data[:end]))
    for end in range(8, 10):
        with pytest.raises(ValueError, match=f"EOF: reading array header length, expected 2 bytes got {end - 8}"):
            both(io.BytesIO(data[:end]))
    for end in (10, 11, 60, 127):
        with pytest.raises(ValueError, match=f"EOF: reading array header, expected 118 bytes got {end - 10}"):
            both(io.BytesIO(data[:end]))
    for end in (128, 139):
        with pytest.raises(ValueError, match=f"EOF: reading array data, expected 12 bytes got {end - 128}"):
            both(io.BytesIO(data[:end]))


def test_latin1_and_utf8_names(both: Any) -> None:
    descr = [("ä", "<i4")]
    assert both(io.BytesIO(npy(header(descr), DATA, (1, 0)))).dtype.names == ("ä",)
    assert both(io.BytesIO(npy(header(descr), DATA, (3, 0)))).dtype.names == ("ä",)


def test_bad_utf8_is_a_unicode_decode_error(both: Any) -> None:
    with pytest.raises(UnicodeDecodeError):
        both(io.BytesIO(npy(header([("ä", "<i4")]).encode("latin1"), DATA, (3, 0))))


def test_max_header_size_counts_characters_and_not_bytes(both: Any) -> None:
    text = header([("ä" * 100, "<i4")])
    assert both(io.BytesIO(npy(text, DATA, (3, 0))), max_header_size=len(text)).size == 3
    with pytest.raises(ValueError, match="max_header_size"):
        both(io.BytesIO(npy(text, DATA, (3, 0))), max_header_size=len(text) - 1)


@pytest.mark.parametrize(
    "text",
    [
        "{'shape': (3,), 'descr': '<i4', 'fortran_order': False}",
        '{"descr": "<i4", "fortran_order": False, "shape": (3,)}',
        "{'de' 'scr': '<' 'i4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '\\x3ci4', 'fortran_order': False, 'shape': (0x3,)}",
        "{'descr': '''<i4''', # a comment\n 'fortran_order': False, 'shape': (0b11,)}",
        "{'descr': 'f8', 'descr': '<i4', 'fortran_order': True, 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (3,)}",
        "({'descr': '<i4', 'fortran_order': False, 'shape': ((3),)})",
        "{\n'descr':\n'<i4',\n'fortran_order': False, 'shape': (3,),\n}\n\n",
    ],
)
def test_headers_are_python_literals(both: Any, text: str) -> None:
    assert both(io.BytesIO(npy(text, DATA))).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "text", ["dict(descr='<i4')", "{'descr': '<i4', 'fortran_order': False, 'shape': (1+2,)}", "f''", "import os"]
)
def test_code_is_no_header(both: Any, text: str) -> None:
    with pytest.raises(ValueError, match="Cannot parse header|malformed"):
        both(io.BytesIO(npy(text, DATA)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("['descr']", "Header is not a dictionary"),
        ("'text'", "Header is not a dictionary"),
        ("{'descr': '<i4', 'shape': (3,)}", "Header does not contain the correct keys"),
        (
            "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "Header does not contain the correct keys",
        ),
        ("{'descr': '<i4', 'fortran_order': False, 'shape': [3]}", "shape is not valid"),
        ("{'descr': '<i4', 'fortran_order': False, 'shape': 3}", "shape is not valid"),
        ("{'descr': '<i4', 'fortran_order': False, 'shape': (3.0,)}", "shape is not valid"),
        ("{'descr': '<i4', 'fortran_order': 0, 'shape': (3,)}", "fortran_order is not a valid bool"),
        ("{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}", "descr is not a valid dtype descriptor"),
        ("{'descr': '|T16', 'fortran_order': False, 'shape': (3,)}", "descr is not a valid dtype descriptor"),
    ],
)
def test_wrong_headers_are_value_errors_with_numpys_words(both: Any, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        both(io.BytesIO(npy(text, DATA)))


def test_a_dict_of_names_and_formats_is_no_descr() -> None:
    with pytest.raises(ValueError, match="^descr is not a valid dtype descriptor: "):
        npload.loads(npy(header({"names": ["a"], "formats": ["i4"]}), DATA))


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_long_integers_of_python_2_are_read_with_a_warning(both: Any, version: tuple[int, int]) -> None:
    text = "{'descr': '<i4', 'fortran_order': False, 'shape': (3L,)}"
    with pytest.warns(UserWarning):
        assert both(io.BytesIO(npy(text, DATA, version))).tolist() == [0, 1, 2]


def test_long_integers_in_version_3_are_refused(both: Any) -> None:
    text = "{'descr': '<i4', 'fortran_order': False, 'shape': (3L,)}"
    with pytest.raises(ValueError, match="Cannot parse header"):
        both(io.BytesIO(npy(text, DATA, (3, 0))))


DTYPES: list[Any] = [
    "=f8", "f8", "float64", "?", "f4,f4", "S0", "M8[25s]", "<f16", "m8", ">c8", "<U3", "V5", "i1", "|b1", "<M8[ns]",
    [("a", "<i4"), ("b", ">f8", (2, 3))],
    [(("title", "name"), "<i4")],
    [("a", [("b", "<i2"), ("c", "S3")])],
    [("a", "<i4"), ("", "|V4"), ("b", "<i4")],
    [],
    ("<f4", (2,)),
]  # fmt: skip


@pytest.mark.parametrize("descr", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2,), (2, 2)], ids=str)
def test_every_spelling_of_a_dtype(descr: Any, shape: tuple[int, ...]) -> None:
    data = npy(header(descr, shape), bytes(range(200)))
    assert same(told(npload.load, io.BytesIO(data)), told(np.load, io.BytesIO(data)))


def test_dtype_objects_are_numpys_own(both: Any) -> None:
    loaded = both(io.BytesIO(saved(np.arange(3.0))))
    assert loaded.dtype is np.dtype("f8")
