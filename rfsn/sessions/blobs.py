"""Large values of a session, stored beside its journal and named by their hash."""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from buildpacks import Spectrum, SuiteReport
from planners.answers import Answer
from planners.search.experience import Experience
from rfsn.errors import InfraError, JournalError
from rfsn.machine.files import sync_path, write_unsynced
from sandbox import UnsafePath, read_beneath

__all__ = ["BlobStore"]

_MAX_STORED = 128 << 20
_MAX_BYTES = 512 << 20
_SYNCED_AT_ONCE = 4
_SMALL, _MAX_KEPT = 128 << 10, 80
"""The largest blobs that are kept in memory, and how many of a kind: more than an agent has steps that count."""
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = re.compile(r"[0-9a-f]{64}")
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_EXPERIENCE: TypeAdapter[Experience] = TypeAdapter(Experience)
_REPORT: TypeAdapter[SuiteReport] = TypeAdapter(SuiteReport)
_SPECTRUM: TypeAdapter[Spectrum] = TypeAdapter(Spectrum)


class _Newest[T]:
    """Reads blobs of one kind, and keeps the newest small ones: an agent sees the same ones at every step."""

    def __init__(self, get: Callable[[str], bytes], read: Callable[[bytes], T]) -> None:
        self._get = get
        self._read = read
        self._kept: dict[str, T] = {}

    def __call__(self, name: str) -> T:
        """The blob with this name."""
        if name in self._kept:
            return self._kept[name]
        data = self._get(name)
        value = self._read(data)
        if len(data) <= _SMALL:
            self._kept[name] = value
            if len(self._kept) > _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return value


class _Written(NamedTuple):
    """A blob that may not be on the disk yet, with its descriptor if that is open, and whether it is a request."""

    name: str
    descriptor: int | None = None
    request: bool = False


class BlobStore:
    """Reports, spectra, experience, answers and texts by name.

    A blob is written whole or not at all, and checked against its name when read. It is on the disk after `sync`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool: ThreadPoolExecutor | None = None
        self._known: set[str] = set()
        self._written: list[_Written] = []
        self._syncing: list[Future[None]] = []
        self.report = lru_cache(8)(self._report)
        self.spectrum = lru_cache(2)(self._spectrum)
        self.answer = _Newest(self._get, _ANSWER.validate_json)
        self.output = _Newest(self._get, lambda data: data.decode("utf-8", "surrogateescape"))

    def begin_sync(self) -> None:
        """Have a thread put every blob on the disk that was written or found here."""
        if self._written:
            self._pool = self._pool or ThreadPoolExecutor(_SYNCED_AT_ONCE, "sync")
            self._syncing.append(self._pool.submit(_sync, self._folder, self._written))
            self._written = []

    def sync(self) -> None:
        """Wait until every blob is on the disk, but for requests since `begin_sync`. Raises `OSError`."""
        if not all(written.request for written in self._written):
            self.begin_sync()
        for syncing in self._syncing:
            syncing.result()
        self._syncing.clear()

    def find_all(self) -> None:
        """Have the next sync include what a controller wrote that may have been killed before it did."""
        if self._folder.is_dir():
            names = {path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)}
            self._written += map(_Written, names)

    def close(self) -> None:
        """Have everything on the disk, and end the threads that saw to it, if there are any."""
        self.begin_sync()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def put_report(self, report: SuiteReport) -> str:
        """Store a report and return its name."""
        return self._put(_REPORT.dump_json(report))

    def put_spectrum(self, spectrum: Spectrum) -> str:
        """Store a spectrum and return its name."""
        return self._put(_SPECTRUM.dump_json(spectrum))

    def put_experience(self, experience: Experience) -> str:
        """Store the experience of earlier sessions and return its name."""
        return self._put(_EXPERIENCE.dump_json(experience))

    def experience(self, name: str) -> Experience:
        """The experience of earlier sessions."""
        return _EXPERIENCE.validate_json(self._get(name))

    def put_answer(self, answer: Answer) -> str:
        """Store what a model answered and return its name."""
        return self._put(_ANSWER.dump_json(answer))

    def put_output(self, text: str) -> str:
        """Store a text and return its name."""
        return self._put(text.encode("utf-8", "surrogateescape"))

    def put_request(self, text: str) -> str:
        """Store what a model is about to be sent and return its name: no call waits for the disk to have it.

        It can be made again, and nothing but a person reads it. It is not compressed, for it is much, and often.
        """
        return self._put(text.encode("utf-8", "surrogateescape"), request=True)

    def _report(self, name: str) -> SuiteReport:
        return _REPORT.validate_json(self._get(name))

    def _spectrum(self, name: str) -> Spectrum:
        return _SPECTRUM.validate_json(self._get(name))

    def _put(self, data: bytes, *, request: bool = False) -> str:
        """Store a blob, unless it is there, and return its name."""
        name = hashlib.sha256(data).hexdigest()
        if name in self._known:
            return name
        path, descriptor = self._folder / name, None
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            stored = zlib.compress(data, 0 if request else 1)
            if len(data) > _MAX_BYTES or len(stored) >= _MAX_STORED:
                raise InfraError(f"{len(data) >> 20} MiB of results are more than a session can store")
            descriptor = write_unsynced(path, stored)
        self._known.add(name)
        self._written.append(_Written(name, descriptor, request))
        return name

    def _get(self, name: str) -> bytes:
        try:
            data = self._inflated(name)
        except (OSError, UnsafePath, zlib.error) as error:
            raise JournalError(f"{self._folder / name}: the journal names this file, but it cannot be read") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise JournalError(f"{self._folder / name}: its content does not match its name: it was altered")
        return data

    def _inflated(self, name: str) -> bytes:
        """The content of a blob, which may be somebody else's: a regular file of a bounded size, in the folder."""
        if not _NAME.fullmatch(name):
            raise UnsafePath(f"{name!r} is not a hash")
        inflating = zlib.decompressobj()
        data = inflating.decompress(read_beneath(self._folder, name, _MAX_STORED), _MAX_BYTES)
        if not inflating.eof:
            raise UnsafePath(f"{name} is over {_MAX_STORED >> 20} MiB ({_MAX_BYTES >> 20} inflated) or cut short")
        return data


def _sync(folder: Path, written: Sequence[_Written]) -> None:
    for blob in written:
        descriptor = os.open(folder / blob.name, _OLD) if blob.descriptor is None else blob.descriptor
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_path(folder)
