"""The one exception of a call that gave no answer."""

from __future__ import annotations

from rfsn.machine.text import one_line

__all__ = ["MAX_SAID", "CallFailed", "broken"]

MAX_SAID = 300
"""The most characters of a server's own words in a problem."""

_DOWN = {"timeout", "unreachable", "broken"}


class CallFailed(Exception):
    """A call of a model gave no answer. The text says what happened and what to do, and never has a key in it.

    `status` is a word or an HTTP status (see `CallEnded`). `retry` is whether another attempt may help, not before
    `after_s` seconds if the server named a time. `billed` is whether the provider may charge for the call.
    """

    def __init__(
        self, status: str, problem: str, *, retry: bool = False, billed: bool = True, after_s: float | None = None
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.retry = retry
        self.billed = billed
        self.after_s = after_s

    @property
    def down(self) -> bool:
        """Whether it speaks against the endpoint, and not only against this request."""
        return self.status in _DOWN or (self.status.isdecimal() and int(self.status) >= 500)

    def blotted(self, key: str) -> CallFailed:
        """The same, in case a server repeats the key."""
        problem = self.problem.replace(key, "[key]") if key else self.problem
        return CallFailed(self.status, problem, retry=self.retry, billed=self.billed, after_s=self.after_s)


def broken(problem: str, said: str = "") -> CallFailed:
    """The failure of a call whose answer cannot be used; another attempt may give a better one."""
    words = f"{problem}: {one_line(said[:MAX_SAID])}" if said else problem
    return CallFailed("broken", words, retry=True)
