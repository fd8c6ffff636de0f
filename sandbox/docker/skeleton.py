"""Containers with this machine's programs, for work that needs no image: a skeleton with /usr mounted."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from sandbox.docker.engine import connect, engine_errors
from sandbox.docker.provider import DockerProvider
from sandbox.errors import SandboxFailed, SandboxUnavailable
from sandbox.layout import FILES
from sandbox.model import Mount

__all__ = ["hosted_programs"]

_REPOSITORY = "rfsn-host"
_FOLDERS = ("usr", "etc", "tmp", "run", "proc", "sys", "dev", "repo", "env", "sbin")
_PROGRAMS = ("bin", "lib", "lib64", "lib32")
_CACHE = Path("/etc/ld.so.cache")


def hosted_programs() -> DockerProvider:
    """A provider whose containers have this machine's programs, read-only. Its image is built here, without a registry.

    Raises `SandboxUnavailable`, with the remedy, if no engine answers or it does not accept the image.
    """
    content = _skeleton()
    tag = hashlib.sha256(content).hexdigest()[:12]
    client = connect()
    try:
        if not client.images.list(name=f"{_REPOSITORY}:{tag}"):
            with engine_errors("import an image"):
                client.api.import_image_from_data(content, repository=_REPOSITORY, tag=tag)
    except SandboxFailed as error:
        raise SandboxUnavailable(f"{error}: rfsn reads git repositories in a container, or in bubblewrap") from error
    finally:
        client.close()
    real = [Path("/usr"), *(path for name in _PROGRAMS if (path := Path("/", name)).is_dir() and not path.is_symlink())]
    return DockerProvider(f"{_REPOSITORY}:{tag}", tuple(Mount(path, str(path)) for path in real))


def _skeleton() -> bytes:
    """The archive of a root file system without programs; the same bytes on the same machine."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in _FOLDERS:
            # A real sbin: the engine puts its init process there, and /usr is the host's, read-only.
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name in _PROGRAMS:
            place = Path("/", name)
            entry = tarfile.TarInfo(name)
            if place.is_symlink():
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(place.readlink()), 0o777
            elif place.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            else:
                continue
            archive.addfile(entry)
        files = {path.lstrip("/"): content for path, content in FILES.items()}
        if _CACHE.is_file():
            files[str(_CACHE).lstrip("/")] = _CACHE.read_bytes()
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()
