"""The one exception of a call that gave no answer."""

from __future__ import annotations

from rfsn.machine.text import one_line

__all__ = ["CallFailed", "broken"]

_MAX_SAID = 300
"""The most characters of a server's own words in a problem."""

_DOWN = {"timeout", "unreachable", "broken"}


class CallFailed(Exception):
    """A call of a model gave no answer. The text says what happened and what to do, and never has a key in it.

    `status` is a word or an HTTP status (see `CallEnded`). `retry` is whether another attempt may help, not before
    `after_s` seconds if the server named a time. `billed` is whether the provider may charge for the call. `said` are
    the server's own words, of which the text has the beginning.
    """

    def __init__(
        self,
        status: str,
        problem: str,
        *,
        retry: bool = False,
        billed: bool = True,
        after_s: float | None = None,
        said: str = "",
    ) -> None:
        self.problem = f"{problem} ({one_line(said[:_MAX_SAID])})" if said else problem
        super().__init__(self.problem)
        self.status = status
        self._own = problem
        self._said = said
        self.retry = retry
        self.billed = billed
        self.after_s = after_s

    @property
    def down(self) -> bool:
        """Whether it speaks against the endpoint, and not only against this request."""
        return self.status in _DOWN or (self.status.isdecimal() and int(self.status) >= 500)

    def blotted(self, key: str) -> CallFailed:
        """The same, in case a server repeats the key: also where its words are cut off."""
        own, said = (text.replace(key, "[key]") if key else text for text in (self._own, self._said))
        return CallFailed(self.status, own, retry=self.retry, billed=self.billed, after_s=self.after_s, said=said)


def broken(problem: str, said: str = "") -> CallFailed:
    """The failure of a call whose answer cannot be used; another attempt may give a better one."""
    return CallFailed("broken", problem, retry=True, said=said)
