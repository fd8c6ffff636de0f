"""Finds a JDK and Maven's libraries on this machine, without running anything."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox import Mount

__all__ = ["LEAST", "Jdk", "find_jdk", "find_maven", "release_of"]

LEAST = 17
"""The oldest release that the driver compiles with."""

_RELEASE = re.compile(r'^JAVA_VERSION="?(?:1\.)?(\d+)([^"\n]*)', re.MULTILINE)
_NUMBER = re.compile(r"(?:1\.)?(\d+)(?:\.\d+)*")
_SYSTEM = Path("/usr")
_CONFIGURATION = Path("/etc")


@dataclass(frozen=True, slots=True)
class Jdk:
    """A JDK: its release, its whole version, and its folder (JAVA_HOME)."""

    release: int
    version: str
    home: Path

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What a sandbox needs besides `/usr`: the folder itself, or the one in `/etc` that Debian's links lead to."""
        if not self.home.is_relative_to(_SYSTEM):
            return (Mount(self.home, str(self.home)),)
        linked = (self.home / "conf" / "net.properties").resolve().parent
        return (Mount(linked, str(linked)),) if linked.is_relative_to(_CONFIGURATION) else ()


def find_jdk(wanted: int) -> Jdk | None:
    """The first JDK of this machine that compiles for the wanted release; else None."""
    return next((jdk for jdk in _jdks() if jdk.release >= max(wanted, LEAST)), None)


def find_maven() -> Path | None:
    """The folder with the libraries of Maven 3, whose resolver finds what a project requires; None if there is none."""
    homes = [Path(os.environ[name]) for name in ("MAVEN_HOME", "M2_HOME") if os.environ.get(name)]
    if tool := shutil.which("mvn"):
        homes.append(Path(tool).resolve().parent.parent)
    homes += [Path("/usr/share/maven"), Path("/opt/maven"), Path("/usr/local/maven")]
    return next((home for home in homes if any(home.glob("lib/maven-resolver-provider-3*.jar"))), None)


def release_of(text: str) -> int:
    """A release such as `1.8`, `11` or `17.0.2` as a number; 0 if it is none."""
    match = _NUMBER.fullmatch(text.strip())
    return int(match[1]) if match else 0


def _jdks() -> Iterator[Jdk]:
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if tool := shutil.which("javac"):
        homes.append(Path(tool).resolve().parent.parent)
    for folder, pattern in (
        (Path("/usr/lib/jvm"), "*"),
        (Path("/opt"), "*jdk*"),
        (Path.home() / ".sdkman/candidates/java", "*"),
        (Path.home() / ".jdks", "*"),
    ):
        homes += sorted(folder.glob(pattern))
    for home in dict.fromkeys(home.resolve() for home in homes):
        try:
            match = _RELEASE.search((home / "release").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if (
            match
            and os.access(home / "bin/java", os.X_OK)
            and (home / "jmods").is_dir() | (home / "lib/ct.sym").is_file()
        ):
            yield Jdk(int(match[1]), match[1] + match[2], home)
