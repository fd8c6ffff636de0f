"""What an evaluation has spent on models, whichever of its runs and attempts did: its cap is for all of them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from rfsn.errors import UsageError
from rfsn.machine.files import LineFile
from rfsn.models.purse import ROUNDING_USD
from rfsn.sessions.record import JOURNAL, Record

__all__ = ["Spending"]

_FILE = "spent.jsonl"
_MAX_BYTES = 16 << 20


class _Spent(BaseModel):
    """A line of the file."""

    model_config = ConfigDict(strict=True, extra="ignore")

    instance_id: str
    usd: float = Field(ge=0, allow_inf_nan=False)


class Spending:
    """What the sessions of a folder cost; those that were removed since are in the file `spent.jsonl`."""

    def __init__(self, folder: Path, sessions: Path) -> None:
        self._file = folder / _FILE
        self._sessions = sessions

    def total_usd(self) -> float:
        """What was spent so far. A call that is not known to have ended counts as its reservation.

        Raises `UsageError` for an invalid line, and `JournalError` if a session's journal is damaged.
        """
        there = sum(map(_spent_usd, self._sessions.iterdir()))
        return there + sum(map(self._usd, self._lines()))

    def keep(self, instance: str) -> None:
        """Note what the session of an instance has spent, because its folder is about to be removed."""
        if usd := _spent_usd(self._sessions / instance):
            self._note(instance, usd)

    def keep_lost(self, spent_usd: float) -> None:
        """Note what no session tells of `spent_usd`, the whole: sessions that were lost with their machine spent it."""
        if (usd := spent_usd - self.total_usd()) > ROUNDING_USD:
            self._note("lost", usd)

    def _note(self, instance: str, usd: float) -> None:
        file = LineFile(self._file)
        try:
            file.append(_Spent(instance_id=instance, usd=usd).model_dump_json().encode())
        finally:
            file.close()

    def _lines(self) -> list[bytes]:
        """The whole lines of the file; a torn last one was never acted on."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UsageError(f"{self._file} cannot be read: {error.strerror}") from error
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MAX_BYTES).split(b"\n")[:-1]

    def _usd(self, line: bytes) -> float:
        try:
            return _Spent.model_validate_json(line).usd
        except ValueError as error:
            raise UsageError(f"{self._file}: {line[:80]!r} is not what a session spent: remove that line") from error


def _spent_usd(session: Path) -> float:
    if not (session / JOURNAL).is_file():
        return 0.0
    return Record(session).projection.spent_usd
