"""Describes what NumPy says of files: one JSON object for each, on standard output.

Usage: oracle.py FOLDER [NOTES]

Runs without ml_dtypes, since importing it teaches NumPy names that a plain NumPy does not know.
NOTES is a JSON file {path: {"better", "equivalent", "ml"}} (see build.Case). What npload restores
and NumPy does not is added by a second process, `oracle.py --restore FOLDER NOTES`, which imports ml_dtypes.
"""

import base64
import gc
import hashlib
import io
import json
import os
import re
import sys
import warnings

import numpy as np


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# What a caller who catches ValueError does not catch: npload says ValueError instead (CONTRACT §7).
STRAY = {"TokenError", "MemoryError", "TypeError", "RecursionError", "SyntaxError", "IndexError", "OverflowError"}


def error(exception):
    """The exception without addresses, which differ from run to run."""
    kind = type(exception)
    message = re.sub(r" at 0x[0-9a-f]+", " at 0x0", str(exception))
    return {"class": kind.__name__, "module": kind.__module__, "message": message}


def better_than(problem):
    return {"better": "a ValueError"} if problem["class"] in STRAY else {}


def text(make, array):
    """str() or repr() of the array; None where NumPy itself fails."""
    try:
        return make(array)
    except (ValueError, OverflowError):
        return None


def bytes_of(array, keep_padding):
    """The array's bytes in C order; struct padding that NumPy does not carry along becomes zero."""
    data = array.tobytes("C")
    if keep_padding or array.dtype.names is None or not data:
        return data
    mask = np.frombuffer(used_bytes(array.dtype), "u1")
    return (np.frombuffer(data, "u1").reshape(-1, mask.size) * mask).tobytes()


def used_bytes(dtype):
    """One byte of 1 or 0 for each byte of an item: whether a field covers it."""
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return used_bytes(base) * int(np.prod(shape, dtype=int))
    if dtype.names is None:
        return b"\1" * dtype.itemsize
    used = bytearray(dtype.itemsize)
    for name in dtype.names:
        inner, offset = dtype.fields[name][:2]
        used[offset : offset + inner.itemsize] = used_bytes(inner)
    return bytes(used)


def describe_dtype(dtype):
    return {
        "dtype": str(dtype),
        "repr": repr(dtype),
        "descr": repr(np.lib.format.dtype_to_descr(dtype)),
        "itemsize": dtype.itemsize,
    }


def printed(array):
    return {"str": text(str, array), "array_repr": text(repr, array)}


def describe(array, keep_padding=True):
    flags = array.flags
    keep_padding = keep_padding and flags.c_contiguous
    return {
        **describe_dtype(array.dtype),
        "shape": list(array.shape),
        "fortran": bool(flags.f_contiguous and not flags.c_contiguous),
        "sha256": sha256(bytes_of(array, keep_padding)),
        **printed(array),
    }


def load_npy(path):
    """Every array in the file, one after the other, and NumPy's word on what follows the last."""
    arrays, line = [], {"kind": "npy", "arrays": []}
    with open(path, "rb") as handle:
        while True:
            try:
                loaded = np.load(handle)
                if isinstance(loaded, np.lib.npyio.NpzFile):
                    line["then"] = load_npz(loaded)
                    break
                arrays.append(loaded)
            except EOFError:
                break
            except Exception as problem:
                if not arrays:
                    raise
                line["then"] = error(problem)
                break
    line["arrays"] = [describe(array) for array in arrays]
    return line


def load_npz(archive):
    line = {"kind": "npz", "keys": list(archive.files), "members": []}
    names = archive.zip.namelist()
    keys = list(archive.files)
    keys += [name for name in dict.fromkeys(names) if archive._files[name] != archive._files[name.removesuffix(".npy")]]
    for key in keys:
        try:
            value = archive[key]
        except Exception as problem:
            problem = error(problem)
            line["members"].append({"key": key, "error": problem, **better_than(problem)})
            continue
        if isinstance(value, bytes):
            line["members"].append({"key": key, "raw": {"len": len(value), "sha256": sha256(value)}})
        else:
            line["members"].append({"key": key, "array": describe(value, keep_padding=False)})
    return line


def load(path):
    """What np.load(path) says; refused files are an answer too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            loaded = np.load(path)
            if isinstance(loaded, np.lib.npyio.NpzFile):
                with loaded:
                    line = load_npz(loaded)
            else:
                line = load_npy(path)
        except Exception as problem:
            problem = error(problem)
            line = {"kind": "error", "error": problem, **better_than(problem)}
        loaded = None
        gc.collect()
    told = [f"{w.category.__name__}: {w.message}" for w in caught if w.category is not ResourceWarning]
    return {**line, "warnings": list(dict.fromkeys(told))}


def ml_dtype(source):
    import ml_dtypes

    return np.dtype(eval(source, {"__builtins__": {}}, vars(ml_dtypes)))


def restored(array, source):
    array = array.view(ml_dtype(source)) if source else array
    return {"dtype": str(array.dtype), **printed(array)}


def restore(path, line, note):
    """Adds what npload makes of the file where that is more than NumPy does."""
    if note.get("equivalent"):
        array = np.load(io.BytesIO(base64.b64decode(note["equivalent"])))
        line["npload"] = [{**describe(array), **restored(array, note["ml"])}]
        return
    if isinstance(note.get("ml"), dict):
        with np.load(path) as archive:
            for member in line["members"]:
                if source := note["ml"].get(member["key"]):
                    member["array"]["npload"] = restored(archive[member["key"]], source)
    elif note.get("ml"):
        line["arrays"][0]["npload"] = restored(np.load(path), note["ml"])


def files(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.relpath(os.path.join(where, name), folder).replace(os.sep, "/")


def dump(line):
    """One line of JSON. Lone surrogates, which many readers refuse, become the six characters \\udXXX."""
    return json.dumps(scrubbed(line), separators=(",", ":"))


def scrubbed(value):
    if isinstance(value, str):
        return value.encode("utf8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {scrubbed(key): scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [scrubbed(inner) for inner in value]
    return value


def main(folder, notes=None):
    notes = json.loads(open(notes).read()) if notes else {}
    os.chdir(folder)
    for path in sorted(files(".")):
        line = {"file": path, **load(path)}
        if better := notes.get(path, {}).get("better"):
            line["better"] = better
        print(dump(line))


def restore_all(folder, notes):
    notes = json.loads(open(notes).read())
    os.chdir(folder)
    for line in map(json.loads, sys.stdin):
        restore(line["file"], line, notes.get(line["file"], {}))
        print(dump(line))


if __name__ == "__main__":
    if sys.argv[1] == "--restore":
        restore_all(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
