"""Files of packages by their SHA-256: downloaded once, checked, and never written again.

All projects share them, so only the controller writes here: a sandbox never sees the folder, only the files it needs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from buildpacks import Artifact, SupplyError
from rfsn.machine import home
from sandbox import UnsafePath, make_marked

if TYPE_CHECKING:
    import httpx2

__all__ = ["Downloads", "silent"]

_MAX_FILE_BYTES = 8 << 30
_CHUNK = 1 << 20
_CONNECTIONS = 4
_TIMEOUT_S = 60.0
_TRIES = 3


def silent(_: str) -> None:
    """Tell nobody."""


class Downloads:
    """The files in one folder: `<sha256>/<name>`."""

    def __init__(
        self, folder: Path, indexes: Sequence[str] = (), *, offline: bool, tell: Callable[[str], None] = silent
    ) -> None:
        """`indexes` are the variables in which the user names indexes; see `buildpacks.supplies.Settings`.

        `tell` gets a few words before files are downloaded.
        """
        self._tell = tell
        self._folder = folder
        self._indexes = indexes
        self._offline = offline

    def has(self, artifact: Artifact) -> bool:
        """Whether a file is in the cache."""
        return self._place(artifact).is_file()

    def give(self, artifacts: Sequence[Artifact], into: Path) -> None:
        """Put these files into the folder `into`, each under its name; those not in the cache are downloaded.

        Raises `SupplyError` if one cannot be obtained, or does not match its hash.
        """
        for artifact in artifacts:
            _check_name(artifact.name)
        missing = [artifact for artifact in artifacts if not self.has(artifact)]
        if missing:
            self._download(missing)
        for artifact in artifacts:
            place = self._place(artifact)
            os.utime(place.parent)  # the folders used least recently are removed first
            try:
                # A hard link costs nothing; sandboxes get it on a read-only mount.
                os.link(place, into / artifact.name)
            except OSError:
                shutil.copyfile(place, into / artifact.name)

    def add(self, name: str, content: BinaryIO) -> Artifact:
        """Add a file that was built here. Raises `SupplyError` if it is too large."""
        _check_name(name)
        return self._store(name, iter(lambda: content.read(_CHUNK), b""), None)

    def _place(self, artifact: Artifact) -> Path:
        return self._folder / artifact.sha256 / artifact.name

    def _download(self, missing: Sequence[Artifact]) -> None:
        if lost := [artifact.name for artifact in missing if not artifact.url]:
            raise SupplyError(f"{lost[0]} was built here and is no longer in the cache: run again")
        if self._offline:
            names = ", ".join(artifact.name for artifact in missing)
            raise SupplyError(f"not in the cache: {names}\n--offline was given: run once without it")
        import httpx2  # noqa: PLC0415  # it takes a tenth of a second, which only a download needs

        self._tell(f"downloading {missing[0].name}" if len(missing) == 1 else f"downloading {len(missing)} packages")
        limits = httpx2.Limits(max_connections=_CONNECTIONS)
        with (
            httpx2.Client(
                follow_redirects=True, timeout=_TIMEOUT_S, limits=limits, headers={"Accept-Encoding": "identity"}
            ) as client,
            ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="download") as pool,
        ):
            for _ in pool.map(lambda artifact: self._fetch(artifact, client), missing):
                pass

    def _fetch(self, artifact: Artifact, client: httpx2.Client) -> None:
        import httpx2  # noqa: PLC0415

        if urlsplit(artifact.url).scheme not in {"http", "https"}:
            raise SupplyError(f"{artifact.name}: the index has no usable address for it: {artifact.url}")
        for attempt in range(_TRIES):
            try:
                with client.stream("GET", artifact.url, auth=self._credentials(artifact.url)) as response:
                    response.raise_for_status()
                    # Raw: what a server calls an encoding may be the very file that has the hash.
                    self._store(artifact.name, response.iter_raw(_CHUNK), artifact.sha256)
            except httpx2.HTTPError as error:
                if attempt == _TRIES - 1:
                    why = str(error) or type(error).__name__
                    raise SupplyError(
                        f"{artifact.name} cannot be downloaded: {why}\ncheck the network, the proxy and the index"
                    ) from error
            else:
                return

    def _credentials(self, url: str) -> tuple[str, str] | None:
        """The user name and password in the user's settings for the host of an address."""
        indexes = (index for name in self._indexes for index in os.environ.get(name, "").split())
        return dict(_known(indexes)).get(urlsplit(url).netloc.rpartition("@")[2])

    def _store(self, name: str, content: Iterable[bytes], wanted: str | None) -> Artifact:
        """Write a file under a temporary name, and rename it once its hash is known to be right."""
        with home.working_folder() as partial:
            digest, size = hashlib.sha256(), 0
            with (partial / name).open("xb") as file:
                for chunk in content:
                    size += len(chunk)
                    if size > _MAX_FILE_BYTES:
                        raise SupplyError(f"{name} is larger than {_MAX_FILE_BYTES >> 30} GiB")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            artifact = Artifact(name, digest.hexdigest())
            if wanted not in {None, artifact.sha256}:
                raise SupplyError(f"{name} does not match the index: its SHA-256 is {artifact.sha256}, not {wanted}")
            (partial / name).chmod(0o444)
            self._folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                make_marked(self._place(artifact).parent)
            (partial / name).rename(self._place(artifact))
            return artifact


def _check_name(name: str) -> None:
    if not name or "/" in name or "\0" in name or name in {".", ".."}:
        raise UnsafePath(f"not a file name: {name!r}")


def _known(indexes: Iterable[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The user names and passwords in addresses of indexes, by host."""
    for index in indexes:
        # In uv, an index may have a name before its address: name=https://...
        parts = urlsplit(index.partition("=")[2] if "=" in index.partition("://")[0] else index)
        if parts.username is not None:
            yield parts.netloc.rpartition("@")[2], (unquote(parts.username), unquote(parts.password or ""))
