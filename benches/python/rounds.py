"""Measures contenders in rounds: in each, every one runs in turn."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles

SHORTEST = 0.02  # seconds for one contender in one round: below that, it is called several times


@dataclass
class Measured:
    """The times of one contender, one for each round."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    def quartiles_over(self, other: Measured) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of this one's time over the other's within a round."""
        ratios = [mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True)]
        if len(ratios) < 2:
            return ratios[0], ratios[0], ratios[0]
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, median(ratios), high


def measure(
    contenders: dict[str, Callable[[], object]], rounds: int, once: bool, fresh: bool = False
) -> dict[str, Measured]:
    """Run every contender in each round, in an order that turns, and return their times. `fresh` gives what the
    allocator has left over back to the system before each call, so that none is faster for what ran before it.
    """
    before = partial(ctypes.CDLL(None).malloc_trim, 0) if fresh else lambda: None
    measured = {name: Measured() for name in contenders}
    counts = dict.fromkeys(contenders, 1)
    for name, call in contenders.items():  # warm
        seconds = timed(call, 1, before)
        if not once:
            counts[name] = max(1, round(SHORTEST / max(seconds, 1e-7)))
    gc.collect()
    gc.disable()
    try:
        names = list(contenders)
        for number in range(rounds):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                measured[name].seconds.append(timed(contenders[name], counts[name], before))
            gc.collect()
    finally:
        gc.enable()
    return measured


def timed(call: Callable[[], object], count: int, before: Callable[[], object]) -> float:
    """The seconds of one call, on average over `count`; what comes before them is not counted."""
    before()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count
