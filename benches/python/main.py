"""npload beside numpy.load, in one process and in turn: ratios, not times.

Usage: main.py [--once] [case…]
"""

import os
import pathlib
import statistics
import sys
import threading
import time

import numpy as np

import npload

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "target" / "bench" / "python"
CASES = {}


def case(name, atleast, rounds=15):
    """Register a case: a function that returns what NumPy does, what npload does, and how often."""

    def register(make):
        CASES[name] = (make, atleast, rounds)
        return make

    return register


def npy(name, array):
    path = FOLDER / f"{name}.npy"
    if not path.exists():
        np.save(path, array())
    return str(path)


def npz(name, arrays, save=np.savez):
    path = FOLDER / f"{name}.npz"
    if not path.exists():
        save(path, **arrays())
    return str(path)


def members(load, path):
    with load(path) as archive:
        return {key: archive[key] for key in archive}


def all_members(path):
    with npload.load(path) as archive:
        return archive.load_all()


def noise(size):
    return np.random.default_rng(0).random(size, dtype="f4")


def ints(size):
    return np.random.default_rng(0).integers(0, 1000, size, dtype="i4")


def tiny():
    return npz("5000", lambda: {f"k{i}": np.arange(i % 50) for i in range(5000)})


@case("npy, 256 MB: time of two plain reading threads ÷ npload's", 1 / 1.1)
def large_npy():
    path = npy("256mb", lambda: noise(64 << 20))
    size = os.path.getsize(path)

    def read(fd, memory, offset):
        while memory:
            got = os.preadv(fd, [memory[: 4 << 20]], offset)
            memory, offset = memory[got:], offset + got

    def plain():
        fd = os.open(path, os.O_RDONLY)
        memory = memoryview(np.empty(size, "u1"))
        half = size // 2
        threads = [
            threading.Thread(target=read, args=(fd, memory[:half], 0)),
            threading.Thread(target=read, args=(fd, memory[half:], half)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os.close(fd)
        return np.frombuffer(memory[128:], "f4")

    return plain, lambda: npload.load(path), 1


@case("npy, 256 MB", 1.5)
def large_npy_beside_numpy():
    path = npy("256mb", lambda: noise(64 << 20))
    return lambda: np.load(path), lambda: npload.load(path), 1


@case("npz, stored, 256 MB", 3)
def stored_npz():
    path = npz("256mb", lambda: {"a": noise(32 << 20), "b": noise(32 << 20)})
    return lambda: members(np.load, path), lambda: members(npload.load, path), 1


@case("npz, deflated, 128 MB in 2 members, load_all", 4.5, 5)
def deflated_npz():
    path = npz("128mb", lambda: {"a": ints(16 << 20), "b": ints(16 << 20)}, np.savez_compressed)
    return lambda: members(np.load, path), lambda: all_members(path), 1


@case("npz, 5,000 members, one by one", 60, 7)
def one_by_one():
    path = tiny()
    return lambda: members(np.load, path), lambda: members(npload.load, path), 1


@case("npz, 5,000 members, load_all", 100, 7)
def load_all():
    path = tiny()
    return lambda: members(np.load, path), lambda: all_members(path), 1


@case("small npy", 15)
def small_npy():
    path = npy("small", lambda: np.arange(12.0).reshape(3, 4))
    return lambda: np.load(path), lambda: npload.load(path), 500


@case("mmap_mode='r'", 6)
def mapped():
    path = npy("small", lambda: np.arange(12.0).reshape(3, 4))
    return lambda: np.load(path, "r"), lambda: npload.load(path, "r"), 300


@case("npz, one small member", 1)
def look_up():
    numpys, ours = np.load(tiny()), npload.load(tiny())
    return lambda: numpys["k77"], lambda: ours["k77"], 300


@case("npz, key in archive", 1)
def contains():
    numpys, ours = np.load(tiny()), npload.load(tiny())
    return lambda: "k77" in numpys, lambda: "k77" in ours, 20_000


@case("npz, key not in archive", 1)
def contains_not():
    numpys, ours = np.load(tiny()), npload.load(tiny())
    return lambda: "zz" in numpys, lambda: "zz" in ours, 20_000


def same(left, right):
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return np.array_equal(left, right) and np.asarray(left).dtype == np.asarray(right).dtype


def seconds(work, times):
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def measure(name, once):
    make, atleast, rounds = CASES[name]
    numpys, ours, times = make()
    assert same(numpys(), ours()), name
    if once:
        rounds, times = 1, 1
    both = [(seconds(numpys, times), seconds(ours, times)) for _ in range(rounds)]
    ratio = statistics.median(left / right for left, right in both)
    left, right = (statistics.median(side) for side in zip(*both, strict=True))
    print(f"| {name} | {show(left)} | {show(right)} | {ratio:.2f} | {atleast:.2f} |", flush=True)


def show(value):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return "0"


def main():
    arguments = sys.argv[1:]
    once = "--once" in arguments
    wanted = [argument for argument in arguments if argument != "--once"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    version = f"NumPy {np.__version__}, Python {sys.version.split()[0]}"
    print(f"{version}, {os.cpu_count()} cores; ratios are medians over rounds\n")
    print("| case | NumPy (or plain threads) | npload | ratio | aim |")
    print("|---|---|---|---|---|")
    for name in CASES:
        if not wanted or any(part in name for part in wanted):
            measure(name, once)


if __name__ == "__main__":
    main()
