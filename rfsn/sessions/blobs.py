"""Large values of a session, stored beside its journal and named by their hash."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from itertools import batched
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from buildpacks import Spectrum, SuiteReport
from planners.answers import Answer
from planners.search.experience import Experience
from rfsn.errors import InfraError, JournalError
from rfsn.machine.files import write_unsynced
from rfsn.sessions.syncing import Syncing, unwritable
from sandbox import UnsafePath, read_beneath

__all__ = ["BlobStore"]

_MAX_STORED = 128 << 20
_MAX_BYTES = 512 << 20
_OPEN_AT_ONCE = 64
_SMALL, _MAX_KEPT = 128 << 10, 80
"""The largest blobs that are kept in memory, and how many of a kind: more than an agent has steps that count."""
_NAME = re.compile(r"[0-9a-f]{64}")
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_EXPERIENCE: TypeAdapter[Experience] = TypeAdapter(Experience)
_REPORT: TypeAdapter[SuiteReport] = TypeAdapter(SuiteReport)
_SPECTRUM: TypeAdapter[Spectrum] = TypeAdapter(Spectrum)


class _Newest[T]:
    """Reads blobs of one kind, and keeps the newest small ones: an agent sees the same ones at every step."""

    def __init__(self, get: Callable[[str], bytes], parse: Callable[[str, bytes], T]) -> None:
        """`parse` gets the name of a blob and what is in it."""
        self._get = get
        self._parse = parse
        self._kept: dict[str, T] = {}

    def __call__(self, name: str) -> T:
        """The blob with this name."""
        if name in self._kept:
            return self._kept[name]
        data = self._get(name)
        value = self._parse(name, data)
        self.keep(name, value, len(data))
        return value

    def keep(self, name: str, value: T, size: int) -> str:
        """Take over a blob of so many bytes that is known already, and return its name."""
        if size <= _SMALL:
            self._kept[name] = value
            if len(self._kept) > _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return name


class BlobStore:
    """Reports, spectra, experience, answers and texts by name.

    A blob is written whole or not at all, and checked against its name when read. It is on the disk after `sync`.
    Whatever writes raises `StorageError` if the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._syncing = Syncing(folder)
        self._known: set[str] = set()
        self.report = lru_cache(8)(self._report)
        self.spectrum = lru_cache(2)(self._spectrum)
        self.answer = _Newest(self._get, partial(self._parsed, _ANSWER))
        self.output = _Newest(self._get, lambda _, data: data.decode("utf-8", "surrogateescape"))

    def begin_sync(self) -> None:
        """Have a thread put everything on the disk that was stored."""
        with self._writing():
            self._syncing.begin()

    def sync(self) -> None:
        """Wait until everything is on the disk, but requests since `begin_sync`."""
        with self._writing():
            self._syncing.finish()

    def sync_all(self) -> None:
        """Put everything on the disk that is there: whoever wrote it may have been killed before."""
        names = (path.name for path in self._folder.iterdir()) if self._folder.is_dir() else ()
        for some in batched(filter(_NAME.fullmatch, names), _OPEN_AT_ONCE):
            with self._writing():
                for name in some:
                    self._syncing.add_old(name)
                self._syncing.finish()

    def close(self) -> None:
        """Put everything on the disk, as far as that takes it."""
        with suppress(OSError):  # which was reported when it mattered
            self._syncing.close()

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
        return self._parsed(_EXPERIENCE, name, self._get(name))

    def put_answer(self, answer: Answer) -> str:
        """Store what a model answered and return its name."""
        data = _ANSWER.dump_json(answer)
        return self.answer.keep(self._put(data), answer, len(data))

    def put_output(self, text: str) -> str:
        """Store a text and return its name."""
        data = text.encode("utf-8", "surrogateescape")
        return self.output.keep(self._put(data), text, len(data))

    def put_request(self, text: str) -> str:
        """Store what a model is about to be sent and return its name: no call waits for the disk to have it.

        It can be made again, and nothing but a person reads it. It is not compressed, for it is much, and often.
        """
        return self._put(text.encode("utf-8", "surrogateescape"), request=True)

    def _report(self, name: str) -> SuiteReport:
        return self._parsed(_REPORT, name, self._get(name))

    def _spectrum(self, name: str) -> Spectrum:
        return self._parsed(_SPECTRUM, name, self._get(name))

    def _parsed[T](self, kind: TypeAdapter[T], name: str, data: bytes) -> T:
        try:
            return kind.validate_json(data)
        except ValidationError as error:
            raise JournalError(f"{self._folder / name}: it is not what the journal says it is") from error

    def _put(self, data: bytes, *, request: bool = False) -> str:
        """Store a blob, unless it is there, and return its name."""
        name = hashlib.sha256(data).hexdigest()
        if name in self._known:
            return name
        path = self._folder / name
        if path.exists() and self.is_whole(name):
            self._syncing.add_old(name)
        else:
            stored = zlib.compress(data, 0 if request else 1)
            if len(data) > _MAX_BYTES or len(stored) >= _MAX_STORED:
                raise InfraError(f"{len(data) >> 20} MiB of results are more than a session can store")
            with self._writing():
                if not self._known:
                    self._folder.mkdir(parents=True, exist_ok=True)
                self._syncing.add(write_unsynced(path, stored), may_wait=request)
        self._known.add(name)
        return name

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self._folder, self._folder.parent, error) from error

    def is_whole(self, name: str) -> bool:
        """Whether a blob is here with its content: a power cut may leave a file without any, or none."""
        try:
            self._get(name)
        except JournalError:
            return False
        return True

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
