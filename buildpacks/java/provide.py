"""Java environments: the driver, and the packages that a project requires.

Only the resolver has the network (`driver/resolve/Resolve.java`, on the libraries of the installed Maven). It reads
neutral poms that were written here from parsed coordinates, and loads no plugin and no extension of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildpacks.api import BuildPlan
from buildpacks.supplies import INPUTS, Layer, Settings, Step, Supplies, SupplyError

__all__ = ["DRIVER", "SETTINGS", "driver_source", "provide"]

DRIVER = "/env/rfsn"
"""Where the driver is in every run."""

SETTINGS = Settings()
"""Proxies and certificates apply to every step with the network; Maven has no variables of its own for registries."""

_SOURCE = Path(__file__).parent / "driver"
# Who may not read a program may not look into its process either: the driver has the key in its memory.
_MAKE = """\
set -e
java=$(readlink -f "$(command -v "$1")") in=$2 to=$3
mkdir -p "$to"/java/bin "$to"/child
cp "$java" "$to"/java/bin/java
chmod 0111 "$to"/java/bin/java
ln -s "${java%/bin/java}"/lib "$to"/java/lib
fast="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
compile() { "$java" $fast -m jdk.compiler/com.sun.tools.javac.Main -proc:none -nowarn -encoding UTF-8 "$@"; }
mkdir driver child
for part in driver child; do
  for file in "$in"/"$part"-*; do cp "$file" "$part/${file##*-}"; done
done
launcher=$(cat /env/packages/launcher.txt 2>/dev/null) || launcher=
if [ -n "$launcher" ]; then for file in "$in"/junit-*; do cp "$file" "child/${file##*-}"; done; fi
compile -d classes driver/*.java
"$java" $fast -m jdk.jartool/sun.tools.jar.Main --create --no-compress --file "$to"/driver.jar -C classes .
printf '%s\n' -proc:none -nowarn -d "$to"/child -cp "${launcher:-child}" child/*.java > child.txt
# The classes of the compiler, as they are in memory: its start takes half the time.
"$java" $fast -XX:ArchiveClassesAtExit="$to"/java.jsa -cp "$to"/driver.jar rfsn.driver.Javac child.txt
"""
_RESOLVE = """\
set -e
mkdir -p /env/packages resolve
for file in "$3"/resolve-*; do cp "$file" "resolve/${file##*-}"; done
fast="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" libraries=$(printf '%s:' "$2"/lib/*.jar)
"$1" $fast -m jdk.compiler/com.sun.tools.javac.Main -proc:none -nowarn -d classes -cp "$libraries" resolve/*.java
exec "$1" $fast -cp "classes:$libraries" rfsn.resolve.Resolve "$3" /env/packages
"""


def driver_source() -> Mapping[str, bytes]:
    """The files of the driver by their names, with their folder before it."""
    files = sorted(_SOURCE.glob("*/*.java"))
    return {f"{path.parent.name}-{path.name}": path.read_bytes() for path in files}


def provide(plan: BuildPlan, supplies: Supplies) -> Layer:
    """The environment of a plan, see `Buildpack.provide`. Raises `SupplyError`."""
    java, maven = plan.platform[-2:]
    steps: list[Step] = []
    files = driver_source()
    poms = {f"{number}.xml": text.encode() for number, text in enumerate(plan.requirements)}
    if poms:
        if not maven:
            raise SupplyError("the project requires packages, and no Maven 3 is here to resolve them: install maven")
        argv = ("sh", "-c", _RESOLVE, "sh", java, maven, INPUTS)
        steps.append(Step(argv, inputs={**_of("resolve", files), **poms}, network=True))
    inputs = {name: content for name, content in files.items() if not name.startswith("resolve-")}
    steps.append(Step(("sh", "-c", _MAKE, "sh", java, INPUTS, DRIVER), inputs=inputs))
    return supplies.layer(steps)


def _of(part: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.startswith(f"{part}-")}
