"""Finds a Rust toolchain for a project, without running one."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LEAST", "Toolchain", "find", "version_of"]

LEAST = (1, 74)
"""The oldest release whose cargo has the options that the driver uses."""

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_RUSTUP_VERSION = re.compile(rb'\[pkg\.rustc\]\s+version = "([^"\n]+)"')
_DEBIAN_VERSION = re.compile(r"^Package: rustc\n(?:.+\n)*?Version: (\S+)", re.MULTILINE)
_DPKG = Path("/var/lib/dpkg/status")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A toolchain: its folder, its name if rustup installed it, and its version as it says itself."""

    root: Path
    name: str
    release: str

    @property
    def tool(self) -> str:
        """The path of the `cargo` command."""
        return f"{self.root}/bin/cargo"

    @property
    def version(self) -> tuple[int, ...]:
        """The version as numbers."""
        return version_of(self.release)

    def is_channel(self, channel: str) -> bool:
        """Whether this is what `rust-toolchain` calls by that name: `stable`, `nightly-2026-01-01`, `1.90`."""
        numbers = version_of(channel) if channel[:1].isdigit() else ()
        same = bool(numbers) and self.version[: len(numbers)] == numbers
        return same or self.name == channel or self.name.startswith(f"{channel}-")


def find(channel: str, least: str) -> Toolchain | None:
    """The toolchain of this machine that is the `channel`, else the first one that is at least the version, or any."""
    found = [toolchain for toolchain in _on_this_machine() if toolchain.version >= LEAST]
    named = [toolchain for toolchain in found if channel and toolchain.is_channel(channel)]
    new = [toolchain for toolchain in found if toolchain.version >= version_of(least)]
    return next(iter([*named, *new, *found]), None)


def version_of(text: str) -> tuple[int, ...]:
    """A version such as `1.90` or `1.90.1 (a hash)` as numbers; empty if it is none."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match.groups() if part) if match else ()


def _on_this_machine() -> Iterator[Toolchain]:
    """The default toolchain of rustup first, then the one on the PATH, then the others."""
    home = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    wanted = os.environ.get("RUSTUP_TOOLCHAIN") or _default(home)
    installed = sorted(path for path in (home / "toolchains").glob("*") if path.is_dir())
    chosen = [path for path in installed if wanted and (path.name == wanted or path.name.startswith(f"{wanted}-"))]
    tool = shutil.which("cargo")
    plain = [Path(tool).resolve().parent.parent] if tool and Path(tool).resolve().name == "cargo" else []
    stable = [path for path in installed if not path.name.startswith(("nightly", "beta"))]
    for root in dict.fromkeys([*chosen, *plain, Path("/usr/local"), Path("/usr"), *stable, *installed]):
        release = _release(root.resolve())
        if release and all(os.access(root / "bin" / name, os.X_OK) for name in ("cargo", "rustc")):
            yield Toolchain(root.resolve(), root.name if root in installed else "", release)


def _default(home: Path) -> str:
    try:
        settings = tomllib.loads((home / "settings.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(settings.get("default_toolchain", ""))


def _release(root: Path) -> str:
    """The version of a toolchain, from rustup's manifest or the list of Debian's packages."""
    try:
        manifest = (root / "lib/rustlib/multirust-channel-manifest.toml").read_bytes()
        match = _RUSTUP_VERSION.search(manifest)
        if match:
            return match[1].decode(errors="replace")
    except OSError:
        pass
    if root == Path("/usr") and _DPKG.is_file():
        found = _DEBIAN_VERSION.search(_DPKG.read_text(encoding="utf-8", errors="replace"))
        return found[1] if found else ""
    for library in (root / "lib").glob("libLLVM*-rust-*"):
        return library.name.partition("-rust-")[2]
    return ""
