"""Two processes that are one JAX: each reads its half of the file."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jax_here import savez

SCRIPT = """
import os, sys, json
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, numpy as np
jax.config.update("jax_cpu_collectives_implementation", "gloo")
port, me, path, key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
jax.distributed.initialize(f"127.0.0.1:{port}", num_processes=2, process_id=me)
import npload.jax
from jax.sharding import NamedSharding, PartitionSpec as P
devices = np.array(jax.devices())
assert len(devices) == 8 and len(jax.local_devices()) == 4
told = []

def read_bytes():
    fields = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
    return int(fields["rchar"])

for mesh, spec in [
    (jax.sharding.Mesh(devices, "x"), P("x")),
    (jax.sharding.Mesh(devices, "x"), P(None, "x")),
    (jax.sharding.Mesh(devices.reshape(2, 4), ("host", "x")), P("host")),
    (jax.sharding.Mesh(devices.reshape(2, 4), ("host", "x")), P("x", "host")),
]:
    sharding = NamedSharding(mesh, spec)
    before = read_bytes()
    if key:
        with npload.jax.load(path, sharding=sharding) as arrays:
            array = arrays[key]
    else:
        array = npload.jax.load(path, sharding=sharding)
    read = read_bytes() - before
    assert array.sharding == sharding and not array.is_fully_addressable
    own = [np.asarray(shard.data) for shard in array.addressable_shards if shard.replica_id == 0]
    total = sum(float(shard.sum(dtype="f8")) for shard in own)
    mean = float(jax.jit(lambda a: a.astype("f4").mean())(array))
    told.append([read, array.nbytes, total, mean])
print(json.dumps(told))
jax.distributed.shutdown()
"""


def run(script: str, *arguments: str, processes: int = 2) -> list[Any]:
    """What each of those processes prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", script, port, str(number), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    try:
        said = [process.communicate(timeout=100) for process in started]
    finally:
        for process in started:
            process.kill()
    for process, (_, err) in zip(started, said, strict=True):
        assert process.returncode == 0, err
    return [json.loads(out.splitlines()[-1]) for out, _ in said]


@pytest.mark.parametrize("kind", ["C", "F", "stored"])
def test_each_process_reads_its_half(tmp_path: Path, kind: str) -> None:
    # Whole runs of more than a gap, whichever way it is cut.
    shape = (2048, 16_384) if kind != "F" else (16_384, 2048)
    array = np.random.default_rng(0).integers(0, 255, shape, "u1")
    if kind == "stored":
        path, key = savez(tmp_path / "x.npz", w=array), "w"
    else:
        path, key = tmp_path / "x.npy", ""
        np.save(path, np.asarray(array, order=kind))  # type: ignore[call-overload]
    one, other = run(SCRIPT, str(path), key)
    for case, (mine, its) in enumerate(zip(one, other, strict=True)):
        for read, nbytes, _, mean in (mine, its):
            assert nbytes == array.nbytes
            assert nbytes // 2 <= read < nbytes // 2 + (64 << 10), (case, kind, read)
            assert mean == pytest.approx(array.mean(dtype="f8"), rel=1e-3)
        assert mine[2] + its[2] == array.sum(dtype="f8"), case
