"""The way from a worker to its evaluation: what it does, and the money that it asks for."""

from __future__ import annotations

import json
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

__all__ = ["Channel", "RemotePurse"]


class Channel:
    """The way to the evaluation: it is told what the worker does, and asked for money."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    def tell(self, **message: Any) -> None:
        """Send a message. If the evaluation was killed, nobody hears it, and this process is about to be killed too."""
        with self._lock, suppress(BrokenPipeError):
            self._connection.send_bytes(json.dumps(message).encode())

    def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message, and give the answer. The evaluation answers at once, and says nothing else meanwhile."""
        with self._lock:
            self._connection.send_bytes(json.dumps(message).encode())
            return self.next()

    def next(self) -> dict[str, Any]:
        """The next message. Raises `EOFError` when the evaluation is over."""
        message: dict[str, Any] = json.loads(self._connection.recv_bytes())
        return message


class RemotePurse:
    """The purse of the evaluation, which is in another process."""

    def __init__(self, channel: Channel, cap_usd: float) -> None:
        self.cap_usd = cap_usd
        self._channel = channel

    @property
    def spent_usd(self) -> float:
        """What was spent, with the reservations of calls under way."""
        return float(self._channel.ask(spent=True)["usd"])

    def reserve(self, usd: float) -> bool:
        """Set an amount aside; false if there is not as much left."""
        return bool(self._channel.ask(reserve=usd)["granted"])

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """A call for which an amount was set aside has cost this."""
        self._channel.tell(settle=[reserved_usd, cost_usd])
