"""Nothing is lost: whatever happens to a save, the file is the old one or the new one."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import npload


def listing(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


LIMITED = """
import resource, sys
import numpy as np, npload
path, kind, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
new = np.arange(200_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    if kind == "npy":
        npload.save(path, new)
    elif kind == "npz":
        npload.savez(path, a=new, b=new[:3])
    else:
        npload.savez_compressed(path, a=new % 1000 * 3, b=new[:3])
except OSError as err:
    print("OSError", err.errno, err.filename)
else:
    print("saved")
"""


@pytest.mark.parametrize("kind", ["npy", "npz", "compressed"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("x.npy" if kind == "npy" else "x.npz")
    npload.save(tmp_path / "old.npy", 1)
    old = (tmp_path / "old.npy").read_bytes()
    (tmp_path / "old.npy").unlink()
    # EFBIG stands for a disk that is full: each limit fails another write.
    for limit in (0, 1, 100, 1000, 131_072, 300_000, 10_000_000):
        path.write_bytes(old)
        arguments = [sys.executable, "-c", LIMITED, str(path), kind, str(limit)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        if limit == 10_000_000:
            assert done.stdout == "saved\n"
        elif done.stdout != "saved\n":
            assert done.stdout == f"OSError 27 {path}\n"
            assert path.read_bytes() == old
        assert listing(tmp_path) == [path.name]


KILLED = """
import sys
import numpy as np, npload
path, kind = sys.argv[1], sys.argv[2]
i = 0
while True:
    i += 1
    array = np.full(100_000 + i % 7, i)
    if kind == "npy":
        npload.save(path, array)
    else:
        npload.save_npz(path, {"a": array, "b": array[:i % 5]}, compression=kind)
    print(i, flush=True)
"""


@pytest.mark.parametrize("kind", ["npy", "stored", "deflate"])
def test_a_killed_process_leaves_one_file_or_the_other(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("x.npy" if kind == "npy" else "x.npz")
    rng = np.random.default_rng(0)
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path), kind], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(float(rng.random()) * 0.05)
        process.send_signal(signal.SIGKILL)
        saved = [1, *map(int, process.stdout.read().split())][-1]
        process.wait()
        process.stdout.close()
        if kind == "npy":
            array = npload.load(path)
        else:
            with npload.load(path) as loaded:
                array = loaded["a"]
                assert len(loaded["b"]) == array[0] % 5
        assert array[0] in (saved, saved + 1) and (array == array[0]).all()
        assert len(array) == 100_000 + array[0] % 7


def test_ctrl_c_ends_a_save_and_leaves_nothing(tmp_path: Path) -> None:
    program = """
import sys
import numpy as np, npload
array = np.random.default_rng(0).integers(0, 1000, 30_000_000)
print("ready", flush=True)
try:
    npload.savez_compressed(sys.argv[1], array)
except KeyboardInterrupt:
    print("ended")
"""
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")
    arguments = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "ended\n"
    assert path.read_bytes() == b"old" and listing(tmp_path) == ["x.npz"]


def test_links_modes_and_owners_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "x.npy", tmp_path / "link.npy"
    npload.save(path, 1)
    umask = os.umask(0o027)
    try:
        npload.save(tmp_path / "new.npy", 1)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "new.npy").stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to("x.npy")
    if os.getuid() == 0:
        os.chown(path, 1234, 2345)
    was = path.stat()
    npload.save(link, [2], durable=True)
    assert link.is_symlink() and npload.load(path) == [2]
    now = path.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)


def test_pipes_and_devices_are_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    program = "import sys, npload; npload.save(sys.argv[1], [1, 2])"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "pipe.npy")]):
        assert list(npload.load(tmp_path / "pipe.npy")) == [1, 2]
    os.symlink("/dev/full", tmp_path / "full.npz")
    with pytest.raises(OSError, match="No space left"):
        npload.savez(tmp_path / "full.npz", np.arange(3))
    assert listing(tmp_path) == ["full.npz", "pipe.npy"]


def test_what_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no"):
        npload.save(tmp_path / "no" / "x.npy", 1)
    (tmp_path / "x.npy").mkdir()
    with pytest.raises(IsADirectoryError):
        npload.save(tmp_path / "x.npy", 1)
    if os.getuid() != 0:
        npload.save(tmp_path / "y.npy", 1)
        (tmp_path / "y.npy").chmod(0o444)
        with pytest.raises(PermissionError):
            npload.save(tmp_path / "y.npy", 2)
        assert npload.load(tmp_path / "y.npy") == 1


def test_an_array_that_changes_meanwhile_makes_no_damaged_archive(tmp_path: Path) -> None:
    import threading

    array = np.zeros(4_000_000)
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            array[:] = np.random.default_rng().random()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for kind in (npload.savez, npload.savez_compressed):
            kind(tmp_path / "x.npz", a=array)
            with npload.load(tmp_path / "x.npz", verify=True) as loaded:
                assert loaded["a"].shape == array.shape
    finally:
        ended.set()
        changer.join()
