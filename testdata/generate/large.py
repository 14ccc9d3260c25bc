"""Files that are too big for git: scripts/testdata --large."""

import numpy as np
from build import Case, Zip, saved, zipped


def cases():
    many = Zip()
    for i in range(65_600):
        many.add(f"k{i}", b"")
    yield Case("npz/over-65535-members.npz", many.add("last.npy", saved(np.arange(3))).finish(zip64=True))
    run = saved(np.arange(8 << 20, dtype="<i4").reshape(2048, 4096))
    yield Case("npy/32-mib.npy", run)
    yield Case("npz/32-mib-deflated.npz", zipped({"a.npy": run, "zeros.npy": saved(np.zeros(4 << 20))}, 8))
