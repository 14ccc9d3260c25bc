"""Forked children, spawned workers, and Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.npz"
    np.savez(path, **{f"a{number}": np.full(5000, number) for number in range(20)})
    return path


FORKS = """
import os, sys, random
import numpy
import npload
load = numpy.load if sys.argv[1] == "numpy" else npload.load
npz = load(sys.argv[2])
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            numbers = random.Random(child)
            for turn in range(300):
                number = numbers.randrange(20)
                if not (npz[f"a{number}"] == number).all():
                    raise ValueError("wrong values")
            if npz.__class__.__module__.startswith("npload"):
                assert len(npz.load_all()) == 20
            status = 0
        except Exception as problem:
            print(repr(problem)[:200], file=sys.stderr)
        finally:
            os._exit(status)
    children.append(pid)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0 for pid in children))
"""


def test_four_forked_children_read_one_archive(better: Any, many: Path) -> None:
    which = "numpy" if better is np.load else "npload"
    done = subprocess.run([sys.executable, "-P", "-c", FORKS, which, str(many)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fork_while_other_threads_load(many: Path) -> None:
    script = f"""
import os, signal, threading, npload
path = {str(many)!r}
stop = threading.Event()
def load():
    while not stop.is_set():
        npload.load(path).load_all()
threads = [threading.Thread(target=load) for _ in range(3)]
for thread in threads: thread.start()
try:
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            signal.alarm(15)  # ends a child that hangs
            os._exit(0 if len(npload.load(path).load_all()) == 20 else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status == 0, f"a child ended with {{status}}"
finally:
    stop.set()
for thread in threads: thread.join()
"""
    for _ in range(5):  # what is made at the first load is being made when the first child is
        subprocess.run([sys.executable, "-P", "-W", "ignore", "-c", script], check=True, timeout=100)


@pytest.mark.numpy_leaks  # multiprocessing's own pipes
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_an_archive_goes_to_workers_by_its_path(many: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with npload.load(many) as npz, context.Pool(2) as pool:
        sums = pool.starmap(total, [(npz, f"a{number}") for number in range(6)])
    assert sums == [5000 * number for number in range(6)]


def total(npz: Any, key: str) -> int:
    """What a worker does."""
    return int(npz[key].sum())


INTERRUPTED = """
import sys, threading, os, signal, time
import numpy, npload
path, how = sys.argv[1:]
def interrupt():
    time.sleep(0.15)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
start = time.monotonic()
try:
    while True:
        if how == "npy": npload.load(path)
        elif how == "npz": npload.load(path)["a"]
        elif how == "all": npload.load(path).load_all()
        elif how == "many": npload.load_many([path] * 50)
        if time.monotonic() - start > 5: sys.exit("never interrupted")
except KeyboardInterrupt:
    print(time.monotonic() - start)
array = npload.load(sys.argv[1]) if how in ("npy", "many") else npload.load(path)["a"]
assert array.size == 1 << 26, array.shape
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    array = np.zeros(1 << 26, "u1")
    np.save(folder / "x.npy", array)
    np.savez_compressed(folder / "x.npz", a=array)
    return folder


@pytest.mark.parametrize("how", ["npy", "npz", "all", "many"])
def test_ctrl_c_ends_a_program_that_loads_and_loading_goes_on_after(large: Path, how: str) -> None:
    path = large / ("x.npy" if how in ("npy", "many") else "x.npz")
    script = [sys.executable, "-P", "-c", INTERRUPTED, str(path), how]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 3


def assert_that_ctrl_c_interrupts(child: subprocess.Popen[str]) -> None:
    """Assert that SIGINT ends what a child is doing, which says so."""
    child.send_signal(signal.SIGINT)
    try:
        stdout, _ = child.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        pytest.fail("not interrupted in ten seconds")
    assert stdout == "interrupted\n"
    assert child.returncode == 0


def test_ctrl_c_interrupts_one_long_load(tmp_path: Path) -> None:
    # A pipe that never ends stands for a file that takes minutes.
    pipe = tmp_path / "endless"
    os.mkfifo(pipe)
    script = "import sys, npload\ntry: npload.load(sys.argv[1])\nexcept KeyboardInterrupt: print('interrupted')"
    child = subprocess.Popen([sys.executable, "-P", "-c", script, str(pipe)], stdout=subprocess.PIPE, text=True)
    header = (
        b"\x93NUMPY\1\0v\0" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999,), }".ljust(117) + b"\n"
    )
    with open(pipe, "wb") as out:
        out.write(header + b"\0" * 100_000)
        out.flush()
        time.sleep(0.3)
        assert_that_ctrl_c_interrupts(child)


@pytest.mark.parametrize("call", ["load", "open", "peek"])
def test_ctrl_c_interrupts_the_wait_for_a_writer_of_a_named_pipe(tmp_path: Path, call: str) -> None:
    pipe = tmp_path / "nobody-writes"
    os.mkfifo(pipe)
    script = (
        "import sys, npload\nprint('ready', flush=True)\n"
        f"try: npload.{call}(sys.argv[1])\nexcept KeyboardInterrupt: print('interrupted')"
    )
    child = subprocess.Popen([sys.executable, "-P", "-c", script, str(pipe)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    assert_that_ctrl_c_interrupts(child)


def test_ctrl_c_interrupts_one_load_of_a_large_sparse_file(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npy"
    size = 6 << 30
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},), }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\1\0v\0" + text.encode())
    os.truncate(path, 128 + size)
    script = f"""
import os, signal, sys, threading, time, npload
def interrupt():
    time.sleep(0.2)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
sent = []
thread = threading.Thread(target=interrupt)
thread.start()
try:
    npload.load({str(path)!r}, threads=1)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - sent[0])
thread.join()
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=60)
    if done.stdout == "" and done.returncode == 0:
        pytest.skip("this machine reads 6 GiB in 0.2 s")
    word, seconds = done.stdout.split()
    assert word == "interrupted" and float(seconds) < 1


def test_an_own_signal_handler_runs_and_the_load_goes_on(large: Path) -> None:
    script = """
import os, signal, sys, threading, time, npload
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
end = time.monotonic() + 0.5
while time.monotonic() < end:
    assert npload.load(sys.argv[1]).size == 1 << 26
assert seen == [1]
"""
    subprocess.run([sys.executable, "-P", "-c", script, str(large / "x.npy")], check=True, timeout=60)


def test_no_warning_is_left_at_exit(many: Path) -> None:
    script = f"""
import npload
npz = npload.load({str(many)!r})
npz["a1"], npz.zip, npz.fid
npload.load({str(many)!r}, mmap_mode="r")["a2"]
"""
    done = subprocess.run(
        [sys.executable, "-P", "-X", "dev", "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
