"""Large values of a session, stored beside its journal and named by their hash."""

from __future__ import annotations

import hashlib
import re
import zlib
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from buildpacks import Spectrum, SuiteReport
from planners.answers import Answer
from planners.search.experience import Experience
from rfsn.errors import InfraError, JournalError
from rfsn.machine.files import write_whole
from sandbox import UnsafePath, read_beneath

__all__ = ["BlobStore"]

_MAX_STORED = 128 << 20
_MAX_BYTES = 512 << 20
_NAME = re.compile(r"[0-9a-f]{64}")
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_EXPERIENCE: TypeAdapter[Experience] = TypeAdapter(Experience)
_REPORT: TypeAdapter[SuiteReport] = TypeAdapter(SuiteReport)
_SPECTRUM: TypeAdapter[Spectrum] = TypeAdapter(Spectrum)


class BlobStore:
    """Reports, spectra, experience, answers and texts by name.

    A blob is written whole or not at all, and checked against its name when read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.report = lru_cache(8)(self._report)
        self.spectrum = lru_cache(2)(self._spectrum)

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
        return self._read(_EXPERIENCE, name)

    def put_answer(self, answer: Answer) -> str:
        """Store what a model answered and return its name."""
        return self._put(_ANSWER.dump_json(answer))

    def answer(self, name: str) -> Answer:
        """What a model answered."""
        return self._read(_ANSWER, name)

    def put_output(self, text: str) -> str:
        """Store a text and return its name."""
        return self._put(text.encode("utf-8", "surrogateescape"))

    def output(self, name: str) -> str:
        """A text that was stored."""
        return self._get(name).decode("utf-8", "surrogateescape")

    def _report(self, name: str) -> SuiteReport:
        return self._read(_REPORT, name)

    def _spectrum(self, name: str) -> Spectrum:
        return self._read(_SPECTRUM, name)

    def _read[T](self, kind: TypeAdapter[T], name: str) -> T:
        try:
            return kind.validate_json(self._get(name))
        except ValidationError as error:
            raise JournalError(f"{self._folder / name}: it is not what the journal says it is") from error

    def _put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            stored = zlib.compress(data, 1)
            if len(data) > _MAX_BYTES or len(stored) >= _MAX_STORED:
                raise InfraError(f"{len(data) >> 20} MiB of results are more than a session can store")
            write_whole(path, stored)
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
