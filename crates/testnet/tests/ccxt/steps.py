"""Steps by name: what runs, in which order, and what became of it.

A step is an async function that takes a `Desk`. It checks values through `Checks`, never only the absence of
an exception; a step without a single check has failed.
"""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk import Desk

FUTURES = "krakenfutures"
SPOT = "kraken"
BOTH = (FUTURES, SPOT)


class Wrong(Exception):
    """A value was not what it must be."""


@dataclass
class Checks:
    """Counts the values that were looked at."""

    made: int = 0

    def that(self, is_right: object, what: str, *values: object) -> None:
        self.made += 1
        if not is_right:
            shown = ", ".join(repr(value) for value in values)
            raise Wrong(f"{what}: {shown}" if values else what)

    def same(self, found: object, expected: object, what: str) -> None:
        self.that(found == expected, f"{what}: found, expected", found, expected)

    def near(self, found: float | None, expected: float, what: str, part: float = 1e-9) -> None:
        is_near = found is not None and abs(found - expected) <= max(abs(expected) * part, 1e-12)
        self.that(is_near, f"{what}: found, expected", found, expected)


Work = Callable[["Desk", Checks], Awaitable[None]]


@dataclass(frozen=True)
class Step:
    name: str
    venues: tuple[str, ...]
    work: Work
    faults: bool


@dataclass
class Result:
    """One line of the report."""

    step: str
    ok: bool
    checks: int
    seconds: float
    reason: str = ""

    def line(self) -> str:
        verdict = "ok    " if self.ok else "FAILED"
        return f"{verdict} {self.step:<34} {self.checks:>4} checks {self.seconds:>6.2f} s  {self.reason}".rstrip()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


REGISTRY: list[Step] = []


def step(name: str, *venues: str, faults: bool = False) -> Callable[[Work], Work]:
    """Registers a step, for both venues if none is named; with `faults` it is one for bad days alone."""

    def register(work: Work) -> Work:
        REGISTRY.append(Step(name, venues or BOTH, work, faults))
        return work

    return register


def chosen(venue: str, patterns: list[str], faults: bool) -> list[Step]:
    """The venue's steps in order; with patterns (`*` allowed) only those that match one."""
    steps = [found for found in REGISTRY if venue in found.venues and found.faults == faults]
    if not patterns:
        return steps
    return [found for found in steps if any(fnmatch.fnmatch(found.name, pattern) for pattern in patterns)]


async def run_step(found: Step, desk: Desk) -> Result:
    checks = Checks()
    started = time.monotonic()
    reason = ""
    try:
        await found.work(desk, checks)
        if checks.made == 0:
            reason = "the step looked at nothing"
    except Wrong as wrong:
        reason = str(wrong)
    except Exception as error:  # whatever ccxt raises is a result, not the end of the run
        reason = f"{type(error).__name__}: {error}"
    reason = " ".join(reason.split())[:400]
    return Result(found.name, not reason, checks.made, round(time.monotonic() - started, 3), reason)
