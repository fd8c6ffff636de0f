"""Finds a Go toolchain for a project, without running one."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LEAST", "Toolchain", "compiler_here", "find", "version_of"]

LEAST = (1, 21)
"""The oldest release that the driver compiles with."""

_VERSION = re.compile(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+))?(?:(?:rc|beta)\d+)?\b")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A toolchain: its version, and its folder (GOROOT)."""

    version: tuple[int, ...]
    root: Path

    @property
    def tool(self) -> str:
        """The path of the `go` command."""
        return f"{self.root}/bin/go"


def find(wanted: str) -> Toolchain | None:
    """The first toolchain of this machine that is at least the version that `go.mod` asks for, else None."""
    least = max(LEAST, version_of(wanted))
    return next((found for found in _on_this_machine() if found.version >= least), None)


def version_of(text: str) -> tuple[int, ...]:
    """A version such as `1.22` or `go1.22.3` as numbers; empty if it is none."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match.groups() if part) if match else ()


def compiler_here() -> bool:
    """Whether there is a C compiler that sandboxes see too."""
    found = shutil.which(os.environ.get("CC") or "gcc", path="/usr/local/bin:/usr/bin:/bin")
    return found is not None


def _on_this_machine() -> Iterator[Toolchain]:
    roots = [Path(os.environ["GOROOT"])] if os.environ.get("GOROOT") else []
    if tool := shutil.which("go"):
        roots.append(Path(tool).resolve().parent.parent)
    roots.append(Path("/usr/local/go"))
    for folder, pattern in (
        (Path("/usr/lib"), "go-*"),
        (Path.home() / "sdk", "go*"),
        (Path.home() / "go/pkg/mod/golang.org", "toolchain@*"),
    ):
        roots += sorted(folder.glob(pattern), reverse=True)
    for root in dict.fromkeys(roots):
        try:
            version = version_of((root / "VERSION").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if version and os.access(root / "bin/go", os.X_OK):
            yield Toolchain(version, root)
