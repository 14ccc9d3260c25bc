"""The corpus of .npz files: every method, and every oddity of the zip format that NumPy meets."""

import io
import struct
import zipfile
import zlib

import numpy as np
from arrays import numbers, text
from build import BZIP2, DEFLATED, LZMA, STORED, ZSTD, Case, Zip, compress, header, npy, saved, zipped
from mltypes import noted

METHODS = {"stored": STORED, "deflate": DEFLATED, "bzip2": BZIP2, "lzma": LZMA, "zstd": ZSTD}
A = saved(np.arange(6, dtype="<i4").reshape(2, 3))
B = saved(np.array([0.5, -0.0, np.nan, np.inf]))
RUN = saved(np.repeat(np.arange(40, dtype="<i2"), 50))


def case(name, *args, **kwargs):
    return Case(f"npz/{name}.npz", *args, **kwargs)


def cases():
    yield from numpy_wrote()
    yield from methods()
    yield from names()
    yield from raw_members()
    yield from zip64()
    yield from records()
    yield from members()
    yield from ml_members()


def numpy_wrote():
    def savez(save, *args, **kwargs):
        out = io.BytesIO()
        save(out, *args, **kwargs)
        return out.getvalue()

    yield case("savez", savez(np.savez, x=np.arange(3), y=np.eye(2, dtype="f4")))
    yield case("savez-positional", savez(np.savez, np.arange(3), np.array(True), np.array(["a", "bc"])))
    yield case("savez-compressed", savez(np.savez_compressed, x=np.zeros((20, 10)), y=np.arange(100, dtype="u1"), z=np.array(1 + 2j)))
    yield case("savez-nothing", savez(np.savez))
    every = {code: numbers(code) for code in ["b1", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "f16", "c8", "c16"]}
    yield case("savez-every-dtype", savez(np.savez_compressed, **every, U=text(), S=np.array([b"ab", b""])))
    yield case("savez-object", savez(np.savez, o=np.array([1, None], object), n=np.arange(2)))


class Unseekable(io.RawIOBase):
    """A pipe, for zipfile: it then writes data descriptors."""

    def __init__(self):
        self.out = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.out += data
        return len(data)


def streamed(members, method):
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=len(members) > 1) as member:
                member.write(data)
    return bytes(pipe.out)


def methods():
    for name, method in METHODS.items():
        archive = Zip().add("a.npy", A, method).add("run.npy", RUN, method).add("none.npy", saved(np.zeros(0)), method)
        yield case(f"method-{name}", archive.finish(), "zstd members are read: the arrays of method-stored.npz" if method == ZSTD else "")
    mixed = Zip()
    for name, method in METHODS.items():
        if method != ZSTD:
            mixed.add(f"{name}.npy", RUN, method)
    yield case("method-each-in-one", mixed.finish())
    for name in ("stored", "deflate"):
        yield case(f"streamed-{name}", streamed({"a.npy": A}, METHODS[name]))
        yield case(f"streamed-{name}-zip64", streamed({"a.npy": A, "b.npy": B}, METHODS[name]))
    for level in (0, 1, 9):
        coder = zlib.compressobj(level, zlib.DEFLATED, -15)
        packed = coder.compress(RUN) + coder.flush()
        yield case(f"deflate-level-{level}", Zip().add("run.npy", RUN, DEFLATED, packed=packed).finish())
    coder = zlib.compressobj(6, zlib.DEFLATED, -15, strategy=zlib.Z_FIXED)
    yield case("deflate-fixed-codes", Zip().add("run.npy", RUN, DEFLATED, packed=coder.compress(RUN) + coder.flush()).finish())
    coder = zlib.compressobj(6, zlib.DEFLATED, -15)
    flushed = b"".join(coder.compress(RUN[i : i + 500]) + coder.flush(zlib.Z_FULL_FLUSH) for i in range(0, len(RUN), 500))
    yield case("deflate-many-blocks", Zip().add("run.npy", RUN, DEFLATED, packed=flushed + coder.flush()).finish())
    yield case("deflate-then-junk", Zip().add("a.npy", A, DEFLATED, packed=compress(A, DEFLATED) + b"junk").finish())
    zeros = saved(np.zeros(120_000, "u1"))
    yield case("deflate-ratio-of-1000", Zip().add("zeros.npy", zeros, DEFLATED, packed=compress(zeros, DEFLATED)).finish())
    yield case("python2-style", Zip().add("arr_0.npy", A.replace(b"(2, 3)", b"(2L, 3L)").replace(b"    \n", b"  \n"), time=0x6C32, date=0x3C21).finish())


def names():
    stored = {
        "slashes": ["group/a.npy", "group/sub/b.npy", "/absolute.npy", "../up.npy", "back\\slash.npy", "./dot.npy"],
        "spaces-and-dots": ["a b.npy", ".npy", "a.npy.npy", "a.NPY", "a.npy ", "no extension", "..npy"],
        "digits-and-keywords": ["0.npy", "file.npy", "f.npy", "zip.npy", "-1.npy"],
    }
    for name, members in stored.items():
        archive = Zip()
        for i, member in enumerate(members):
            archive.add(member, saved(np.array([i], "i1")))
        yield case(f"names-{name}", archive.finish())
    utf8 = Zip()
    for member in ("größe.npy", "日本.npy", "🦀.npy", "combining-e\u0301.npy"):
        utf8.add(member, A, flags=0x800)
    yield case("names-utf8", utf8.finish())
    codepage = Zip()
    for member in (b"gr\x94\xe1e.npy", b"\x80\xff\x9b.npy", b"\xe2\x82\xac.npy"):
        codepage.add(member, A)
    yield case("names-cp437", codepage.finish())
    yield case("names-utf8-flag-on-ascii", Zip().add("a.npy", A, flags=0x800).finish())
    yield case("names-nul-cuts-the-name", Zip().add(b"a.npy\0hidden", A).finish())
    yield case("names-empty", Zip().add("", A).finish())
    unicode = "größe.npy".encode()
    plain = b"gr_e.npy"
    path = b"\1" + struct.pack("<L", zlib.crc32(plain)) + unicode
    extra = struct.pack("<HH", 0x7075, len(path)) + path
    yield case("names-unicode-path-extra", Zip().add(plain, A, extra=extra, local_extra=extra).finish())
    wrong = b"\1" + struct.pack("<L", 0) + unicode
    extra = struct.pack("<HH", 0x7075, len(wrong)) + wrong
    yield case("names-unicode-path-extra-wrong-crc", Zip().add(plain, A, extra=extra, local_extra=extra).finish())
    yield case("names-duplicate", Zip().add("a.npy", A).add("b.npy", A).add("a.npy", B).finish())
    yield case("names-duplicate-raw-and-npy", Zip().add("a", b"raw").add("a.npy", A).finish())
    yield case("names-duplicate-npy-and-raw", Zip().add("a.npy", A).add("a", b"raw").finish())
    yield case("names-npy-twice-in-the-name", Zip().add("a.npy.npy", A).add("a.npy", B).finish())
    directories = Zip().add("group/").add("group/a.npy", A).add("empty/")
    yield case("names-directories", directories.finish())


def raw_members():
    members = {"readme.txt": b"words\n", "empty": b"", "one": b"\x93", "magic-only": b"\x93NUMPY", "almost.npy": b"\x93NUMPX\1\0"}
    yield case("raw-members", zipped(members | {"a.npy": A}))
    yield case("raw-members-compressed", zipped({"readme.txt": b"words " * 50, "a.npy": A}, zipfile.ZIP_DEFLATED))
    yield case("raw-member-named-npy", zipped({"a.npy": b"not an array at all"}))
    yield case("raw-pickle-member", zipped({"a.npy": b"\x80\x04K\x01."}))
    yield case("array-without-extension", zipped({"a": A, "b.dat": B}))
    yield case("nested-npz", zipped({"inner.npz": zipped({"a.npy": A}), "b.npy": B}))


def zip64():
    yield case("zip64-extra", Zip().add("a.npy", A, zip64=True).add("b.npy", B, DEFLATED, zip64=True).finish())
    yield case("zip64-directory", Zip().add("a.npy", A).finish(zip64=True))
    yield case("zip64-both", Zip().add("a.npy", A, DEFLATED, zip64=True).finish(zip64=True, comment=b"zip64"))
    yield case("zip64-descriptor", Zip().add("a.npy", A, DEFLATED, zip64=True, descriptor=True).finish())
    offset_only = Zip().add("z.npy", B).add("a.npy", A)
    last = offset_only.central[-1]
    at = struct.unpack_from("<L", last, 42)[0]
    extra = struct.pack("<HHQ", 1, 8, at)
    patched = bytearray(last + extra)
    struct.pack_into("<H", patched, 30, len(extra))
    struct.pack_into("<L", patched, 42, 0xFFFFFFFF)
    offset_only.central[-1] = bytes(patched)
    yield case("zip64-offset-only", offset_only.finish())


def records():
    yield case("empty-archive", Zip().finish())
    yield case("empty-archive-with-comment", Zip().finish(comment=b"nothing in here"))
    yield case("comment", zipped({"a.npy": A}, comment=b"a comment"))
    yield case("comment-holding-an-end-record", Zip().add("a.npy", A).finish(comment=b"PK\5\6" + bytes(30)))
    yield case("comment-65535", Zip().add("a.npy", A).finish(comment=b"c" * 65535))
    yield case("comment-longer-than-said", Zip().add("a.npy", A).finish() + b"bytes after the archive")
    yield case("descriptor", Zip().add("a.npy", A, descriptor=True).add("b.npy", B, DEFLATED, descriptor=True).finish())
    no_signature = Zip().add("a.npy", A, flags=8)
    no_signature.out += struct.pack("<LLL", zlib.crc32(A), len(A), len(A))
    yield case("descriptor-without-signature", no_signature.finish())
    gap = Zip().add("a.npy", A)
    gap.out += b"bytes between the members"
    yield case("gap-between-members", gap.add("b.npy", B).finish())
    backwards = Zip().add("a.npy", A).add("b.npy", B)
    backwards.central.reverse()
    yield case("directory-in-another-order", backwards.finish())
    first = Zip().add("a.npy", A).add("hidden.npy", B)
    first.central.pop()
    yield case("member-missing-from-the-directory", first.finish())
    extra = struct.pack("<HH", 0x5455, 5) + b"\1" + bytes(4)
    yield case("extra-timestamps", Zip().add("a.npy", A, extra=extra, local_extra=extra).finish())
    yield case("extra-fields-differ", Zip().add("a.npy", A, local_extra=extra + extra).finish())
    aligned = Zip()
    for name, data in {"a.npy": A, "b.npy": B}.items():
        room = -(len(aligned.out) + 30 + len(name) + 4) % 64
        aligned.add(name, data, local_extra=struct.pack("<HH", 0xD935, room) + bytes(room))
    yield case("members-aligned-to-64", aligned.finish())
    yield case("timestamps", Zip().add("a.npy", A, time=0xBF7D, date=0xFF9F).add("b.npy", B, time=0, date=0).finish())
    yield case("flags-of-deflate-options", Zip().add("a.npy", A, DEFLATED, flags=6).finish())
    yield case("local-sizes-differ", Zip().add("a.npy", A, local_size=7, local_packed_size=9).finish())


def members():
    fortran = saved(np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)))
    yield case("fortran-and-0d", zipped({"f.npy": fortran, "s.npy": saved(np.array(3.5)), "b.npy": saved(np.array(True))}))
    empty = {"e.npy": saved(np.zeros((0,))), "f.npy": saved(np.zeros((3, 0, 2), "<i2"))}
    yield case("empty-arrays", zipped(empty))
    yield case("empty-arrays-deflated", zipped(empty, zipfile.ZIP_DEFLATED))
    yield case("bytes-after-the-array", zipped({"a.npy": A + b"more bytes", "b.npy": A + B}))
    yield case("bytes-after-the-array-deflated", zipped({"a.npy": A + b"more bytes"}, zipfile.ZIP_DEFLATED))
    yield case("object-member", zipped({"o.npy": saved(np.array([None], object)), "a.npy": A}))
    yield case("truncated-array", zipped({"a.npy": A[:-1], "b.npy": B}))
    yield case("truncated-array-deflated", zipped({"a.npy": A[:-5]}, zipfile.ZIP_DEFLATED))
    yield case("truncated-headers", zipped({"six.npy": A[:6], "seven.npy": A[:7], "nine.npy": A[:9], "forty.npy": A[:40]}))
    bad = {"version.npy": npy(header(), bytes(12), (4, 0)), "list.npy": npy("[1]"), "big.npy": npy(" " * 10001 + header(), bytes(12))}
    yield case("malformed-members", zipped(bad | {"good.npy": A}))
    lengths = {f"{align}.npy": npy(header("<f4", (3,)), bytes(range(12)), align=align) for align in (1, 2, 7, 16, 1024)}
    yield case("header-lengths", zipped(lengths | {"v2.npy": saved(np.arange(2), (2, 0)), "v3.npy": saved(np.arange(2), (3, 0))}))
    struct_ = np.zeros(2, np.dtype([("a", "u1"), ("b", "<f8")], align=True))
    struct_["a"], struct_["b"] = [1, 2], [0.5, 1.5]
    yield case("struct-with-padding", zipped({"s.npy": saved(struct_)}))
    python2 = npy(header().replace("(3,)", "(3L,)"), bytes(12))
    yield case("python2-long-shape", zipped({"a.npy": python2}))
    big = saved(np.arange(1500, dtype="<i2"))
    yield case("larger-member", zipped({"stored.npy": big}))
    yield case("many-members", zipped({f"k{i:03}.npy": npy(header("|u1", ()), bytes([i]), align=1) for i in range(40)}))


def ml_members():
    bits = bytes.fromhex("803f00c0807f")
    members = {
        "w.npy": noted("<V2", (3,), "bfloat16", bits),
        "q.npy": noted("|V1", (6,), "float8_e4m3fn", bits),
        "plain.npy": npy(header("<V2", (3,)), bits),
        "s.npy": noted([("w", "<V2"), ("n", "<i4")], (1,), "{'w': bfloat16}", bits),
    }
    ml = {"w": "bfloat16", "q": "float8_e4m3fn", "s": "[('w', bfloat16), ('n', '<i4')]"}
    yield case("ml-notes", zipped(members), ml=ml)
    yield case("ml-notes-compressed", zipped(members, zipfile.ZIP_DEFLATED), ml=ml)
    named = npy(header("bfloat16", (3,)), bits)
    yield case("ml-names", zipped({"w.npy": named, "a.npy": A}), "an ml_dtypes name is read")
