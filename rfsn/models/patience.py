"""How often and when a call that failed is made again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from rfsn.models.failure import CallFailed

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """The limits of trying again. All times are in seconds.

    A sample has `attempts`, or `unreached` if no connection is made at all: that takes long, and rarely changes. There
    are pauses from `first_s` that double up to `longest_s`. After `failures` in a row that speak against an endpoint,
    nobody calls it for `rest_s`; then one call tries whether it is back.
    """

    attempts: int = 5
    first_s: float = 1.0
    longest_s: float = 30.0
    failures: int = 5
    rest_s: float = 30.0
    unreached: int = 2

    def attempts_of(self, failure: CallFailed) -> int:
        """How many attempts a sample has after this failure."""
        return min(self.attempts, self.unreached) if failure.status == "unreachable" else self.attempts

    def pause_s(self, failed: int) -> float:
        """The pause after so many failed attempts. It is random, so that samples do not return all at once."""
        pause_s = min(self.longest_s, self.first_s * 2.0 ** (failed - 1))
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
