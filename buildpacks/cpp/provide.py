"""The environment of C and C++: the driver and the witness, compiled once. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildpacks.api import BuildPlan
from buildpacks.supplies import INPUTS, OUTPUTS, Artifact, Layer, Step, Supplies, SupplyError
from sandbox import Ending

__all__ = ["DRIVER", "driver_source", "provide"]

DRIVER = "/env/bin/rfsn-cpp"
"""Where the driver is in every run."""

_TOOLS = "cpp-tools.tar"
_MAX_OUTPUT = 2_000
_SOURCE = Path(__file__).parent / "driver"
_COMPILERS = (
    "cc",
    "c++",
    "gcc",
    "g++",
    "clang",
    "clang++",
    *(f"{name}-{n}" for name in ("gcc", "g++") for n in range(9, 17)),
)
_MAKE_TOOLS = """\
set -e
in=$1 out=$2
shift 2
mkdir bin lib wrap objects
for source in "$in"/*.cpp; do
    name=${source##*/}
    g++ -std=c++17 -c -I "$in" -o objects/"${name%.cpp}".o "$source" || touch failed &
    case $name in json.cpp|suite.cpp) wait ;; esac
done
wait
test ! -e failed
g++ -o bin/rfsn-cpp objects/*.o
gcc -O1 -shared -fPIC -fexceptions -o lib/rfsn-witness.so "$in"/witness.c -ldl
for name in "$@"; do
    if command -v "$name" >/dev/null; then ln -s ../bin/rfsn-cpp wrap/"$name"; fi
done
tar -cf "$out"/cpp-tools.tar bin lib wrap
"""


def driver_source() -> Mapping[str, bytes]:
    """The files of the driver by name."""
    return {path.name: path.read_bytes() for path in sorted(_SOURCE.iterdir()) if path.suffix in {".c", ".cpp", ".h"}}


def provide(plan: BuildPlan, supplies: Supplies) -> Layer:
    """The environment of a plan, see `Buildpack.provide`. Raises `SupplyError`."""
    unpack = Step(("tar", "-xmf", f"{INPUTS}/{_TOOLS}", "-C", "/env"), artifacts=(_tools(plan, supplies),))
    return supplies.layer([unpack])


def _tools(plan: BuildPlan, supplies: Supplies) -> Artifact:
    """The driver and the witness, compiled once for a compiler."""

    def make() -> dict[str, Any]:
        argv = ("sh", "-c", _MAKE_TOOLS, "sh", INPUTS, OUTPUTS, *_COMPILERS)
        result = supplies.run(Step(argv, {"PATH": plan.env["PATH"]}, inputs=driver_source(), wanted=".tar"))
        command = result.command
        if command.ending is not Ending.EXITED or command.exit_code != 0 or len(result.outputs) != 1:
            said = command.stderr.decode(errors="replace").strip()[-_MAX_OUTPUT:]
            raise SupplyError(f"the driver of the C and C++ buildpack cannot be compiled ({command.ending}):\n{said}")
        return {"name": result.outputs[0].name, "sha256": result.outputs[0].sha256}

    def valid(kept: Mapping[str, Any]) -> bool:
        return supplies.has(Artifact(kept["name"], kept["sha256"]))

    kept = supplies.remember(("cpp tools", _MAKE_TOOLS, *plan.platform), make, valid)
    return Artifact(kept["name"], kept["sha256"])
