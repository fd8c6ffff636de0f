"""Large values of a session, kept beside its journal and named by their hash."""

from __future__ import annotations

import hashlib
import zlib
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from buildpacks import Spectrum, SuiteReport
from planners.search.experience import Experience
from rfsn.errors import JournalError
from rfsn.files import write_whole

__all__ = ["BlobStore"]

_EXPERIENCE: TypeAdapter[Experience] = TypeAdapter(Experience)
_REPORT: TypeAdapter[SuiteReport] = TypeAdapter(SuiteReport)
_SPECTRUM: TypeAdapter[Spectrum] = TypeAdapter(Spectrum)


class BlobStore:
    """Reports, spectra and experience by name.

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
        """Store what earlier sessions saw and return its name."""
        return self._put(_EXPERIENCE.dump_json(experience))

    def experience(self, name: str) -> Experience:
        """What earlier sessions saw."""
        return _EXPERIENCE.validate_json(self._get(name))

    def _report(self, name: str) -> SuiteReport:
        return _REPORT.validate_json(self._get(name))

    def _spectrum(self, name: str) -> Spectrum:
        return _SPECTRUM.validate_json(self._get(name))

    def _put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, zlib.compress(data, 1))
        return name

    def _get(self, name: str) -> bytes:
        try:
            data = zlib.decompress((self._folder / name).read_bytes())
        except (OSError, zlib.error) as error:
            raise JournalError(f"{self._folder / name}: the journal names this file, but it cannot be read") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise JournalError(f"{self._folder / name}: its content is not what its name says: it was altered")
        return data
