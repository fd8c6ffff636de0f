"""Python environments: wheels by their hashes, chosen by uv, some of them built here from source.

Only the resolution has the network, and it runs uv alone: it builds and installs no package. A source-only package is
downloaded as a file and built without the network and without the repository. Its metadata, which nobody could know
before, are then given to the resolver, which continues with them.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from buildpacks.api import BuildpackError, BuildPlan
from buildpacks.python.tables import parse_toml
from buildpacks.supplies import INPUTS, OUTPUTS, Artifact, Layer, Settings, Step, StepResult, Supplies, SupplyError
from sandbox import Ending

__all__ = ["SETTINGS", "UV", "UV_VARIABLES", "parsed", "provide"]

UV = "/tools/uv"
"""Where steps find uv."""

UV_VARIABLES: Mapping[str, str] = {"UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
"""Variables of uv in every step: links across mounts are impossible, and the pack itself finds interpreters."""

SETTINGS = Settings(
    ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_HTTP"),
    ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "PIP_INDEX_URL"),
    (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),),
)
"""The user's settings of uv, and pip's for the index."""

# A step of one project writes to it, and no step of another project reads it.
_ENV = {**UV_VARIABLES, "UV_CACHE_DIR": "/repo/cache"}

_ROUNDS = 12
"""How often the resolver may meet unknown source distributions before rfsn gives up."""

_DEPTH = 4
"""How deep the build requirements of source distributions may be nested."""

_LATER = {
    # The last that does all that old scripts ask of it, and the first that builds projects by the standard interface.
    "setuptools": "2021-08-31",
    # Its author removed and uploaded all its releases again then. pytest needed it.
    "atomicwrites": "2022-07-09",
}
"""Packages for which an earlier date is replaced by this one."""

_MAX_OUTPUT = 2_000
_MAX_LENGTH = 2_000
_LEGACY = ("setuptools>=40.8", "wheel")
_NEEDS_WHEEL = re.compile(r"Wheels are required for `([\w.-]+)`")
_UNSOLVED = re.compile(r"No solution found|Wheels are required")
_FILE_NAME = re.compile(r"[\w.+!-]+\.(?:whl|tar\.gz|zip|tar\.bz2|tar\.xz|tgz)", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")

# Read in a sandbox: an archive may hold anything. The first argument is the archive, the second the suffix of a name in
# it.
_READ_MEMBER = """\
import sys, tarfile, zipfile
path, name = sys.argv[1:]
if zipfile.is_zipfile(path):
    archive = zipfile.ZipFile(path)
    members = [member for member in archive.namelist() if member.count("/") == 1 and member.endswith(name)]
    opened = archive.open(members[0]) if members else None
else:
    archive = tarfile.open(path)
    members = [member for member in archive if member.name.count("/") == 1 and member.name.endswith(name)]
    opened = archive.extractfile(members[0]) if members else None
sys.stdout.buffer.write(opened.read(1 << 20) if opened else b"")
"""
# With -S no .pth file of a package is run. The file written here has each start look for the project's own build.
# Compiling takes a second for each megabyte or so: tests of packages are not worth it, and of what is large beside much
# else most is never imported.
_FINISH = """\
import compileall, glob, marshal, os, sys
library, last = sys.argv[1:]
for folder in glob.glob(library + "/python*/site-packages"):
    with open(folder + "/rfsn-project.pth", "w") as file:
        file.write("import site; site.addsitedir('/project/site')\\n")
def sources(place):
    found = [place] if place.endswith(".py") else []
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if name not in ("test", "tests"))
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
    return found
def size(paths):
    return sum(map(os.path.getsize, paths))
if last == "last":
    left = 20 << 20
    places = map(sources, sorted(glob.glob(library + "/python*/site-packages/*")))
    for paths in sorted(places, key=size):
        left -= size(paths)
        for path in paths if left > 0 else ():
            compileall.compile_file(path, quiet=2)
    for path in glob.glob(library + "/**/__pycache__/*.pyc", recursive=True):
        try:
            with open(path, "rb") as file:
                marshal.loads(file.read()[16 if sys.version_info >= (3, 7) else 12 :])
        except (EOFError, TypeError, ValueError):  # it was cut short, and the compiler did not notice
            os.unlink(path)
"""


def provide(plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
    """The environment with everything that the plan requires, see `Buildpack.provide`. Raises `SupplyError`."""
    without = frozenset() if building else frozenset(plan.own)
    _check_interpreter(plan.platform, supplies)
    return _Provision(plan.platform, supplies, plan.as_of, plan.locked).layer(plan.requirements, without)


def _check_interpreter(platform: Sequence[str], supplies: Supplies) -> None:
    """Raise `SupplyError` if the interpreter is one of an image, and the image does not have it."""
    *_, image, python = platform
    if image:

        def version() -> str:
            return supplies.run(Step((python, "-I", "-S", "--version"))).command.stdout.decode(errors="replace").strip()

        def valid(said: str) -> bool:
            return said.startswith("Python 3.")

        if not valid(supplies.remember(("interpreter", *platform), version, valid)):
            raise SupplyError(f"the image {image} has no {python}: name the release that it has, or another --image")


def parsed(text: str) -> Requirement | None:
    """A requirement by name (PEP 508); None for anything else, and for one with a URL."""
    if len(text) > _MAX_LENGTH:
        return None
    try:
        requirement = Requirement(text)
        written = str(requirement)
    except (InvalidRequirement, RecursionError, ValueError):  # a marker with both kinds of quotes cannot be written
        return None
    return None if requirement.url or not written.isprintable() else requirement


@dataclass(frozen=True, slots=True)
class _Built:
    """A wheel that was built from a source distribution, and its metadata."""

    wheel: Artifact
    metadata: Mapping[str, Any]


class _Provision:
    def __init__(self, platform: Sequence[str], supplies: Supplies, as_of: str, locked: Sequence[str]) -> None:
        self._as_of = as_of
        self._locked = locked
        *_, image, self._python = platform
        self._has_image = bool(image)
        self._platform = platform
        self._supplies = supplies

    def layer(self, requirements: Sequence[str], without: Collection[str] = (), depth: int = 0) -> Layer:
        """The environment with the resolution of these requirements, except for the packages in `without`."""
        # What builds a package is no part of the environment.
        as_of, versions = (self._as_of, self._locked) if not depth else ("", ())
        how = (*((f"as of {as_of}",) if as_of else ()), *(("with", *versions) if versions else ()))
        what = ("lock", *self._platform, *sorted(requirements), *how)
        locked = self._supplies.remember(what, lambda: list(self._lock(requirements, as_of, versions, depth)))
        wheels = tuple(self._wheel(package, depth) for package in locked if package["name"] not in without)
        paths = tuple(f"{INPUTS}/{wheel.name}" for wheel in wheels)
        install = (UV, "pip", "install", "--offline", "--no-index", "--no-config", "--no-deps")
        compiling = "" if depth else "compiling the packages"
        steps = [
            Step((UV, "venv", "--no-config", "--allow-existing", "--python", self._python, "/env"), _ENV),
            Step(
                (*install, "--python", "/env/bin/python", *paths),
                _ENV,
                artifacts=wheels,
                about=f"installing {len(wheels)} packages",
            ),
            # An environment for one build is not worth compiling. The interpreter is not the environment's own, which
            # the installed packages may configure.
            Step((self._python, "-I", "-S", "-c", _FINISH, "/env/lib", "inner" if depth else "last"), about=compiling),
        ]
        return self._supplies.layer(steps if wheels else [steps[0], steps[2]])

    def _lock(
        self, requirements: Sequence[str], as_of: str, versions: Sequence[str], depth: int
    ) -> Iterator[dict[str, str]]:
        """The files of a resolution: a wheel of each package, or its source if it has no wheel.

        No `versions` are taken if that is impossible, or if one of them has no wheel for this interpreter.
        """
        sources: dict[str, dict[str, Mapping[str, Any]]] = {}
        for _ in range(_ROUNDS):
            step = self._resolving(requirements, as_of, versions, sources)
            result = self._supplies.run(step)
            output = _output(result)
            if not _succeeded(result):
                if versions and _UNSOLVED.search(output):
                    versions = ()
                    continue
                missing = {canonicalize_name(name) for name in _NEEDS_WHEEL.findall(output)} - sources.keys()
                if not missing:
                    raise SupplyError(f"the requirements cannot be resolved{_how(result)}:\n{output}")
                sources |= {name: {} for name in missing}
                continue
            packages = list(_packages(result.command.stdout))
            unknown = [
                package
                for package in packages
                if _is_source(package["file"]) and package["version"] not in sources.get(package["name"], {})
            ]
            if not unknown:
                yield from packages
                return
            for package in unknown:
                built = self._built(_artifact(package), depth)
                sources.setdefault(package["name"], {})[package["version"]] = built.metadata
        raise SupplyError(f"the requirements are not resolved after {_ROUNDS} rounds: too many source-only packages")

    def _resolving(
        self,
        requirements: Sequence[str],
        as_of: str,
        versions: Sequence[str],
        sources: Mapping[str, Mapping[str, Mapping[str, Any]]],
    ) -> Step:
        """The step that resolves, with the known metadata of source distributions.

        uv takes another version of these to have no requirements, instead of building it.
        """
        known: list[Mapping[str, Any]] = []
        for name, metadata in sources.items():
            known += [{"name": name}, *metadata.values()]
        options = ("--config-file", f"{INPUTS}/uv.toml", "--only-binary", ":all:", "--format", "pylock.toml", "--quiet")
        dated = ("--exclude-newer", as_of, *_of_later(as_of)) if as_of else ()
        allowed = tuple(part for name in sorted(sources) for part in ("--no-binary", name))
        trust = () if self._has_image else ("--system-certs",)  # an image may have no certificates: uv has its own
        constrained = ("--constraints", f"{INPUTS}/versions.txt") if versions else ()
        options = (*options, *trust, *dated, *constrained, *allowed)
        return Step(
            (UV, "pip", "compile", *options, "--python", self._python, f"{INPUTS}/requirements.in"),
            _ENV,
            about=f"resolving {len(requirements)} requirements",
            inputs={
                "requirements.in": "".join(f"{text}\n" for text in requirements).encode(),
                **({"versions.txt": "".join(f"{text}\n" for text in versions).encode()} if versions else {}),
                "uv.toml": f"dependency-metadata = [{', '.join(map(_inline_table, known))}]\n".encode(),
            },
            network=True,
        )

    def _wheel(self, package: Mapping[str, str], depth: int) -> Artifact:
        artifact = _artifact(package)
        return self._built(artifact, depth).wheel if _is_source(artifact.name) else artifact

    def _built(self, source: Artifact, depth: int) -> _Built:
        """The wheel of a source distribution, built once for its build requirements and this interpreter."""
        if depth >= _DEPTH:
            raise SupplyError(f"{source.name}: source distributions need one another more than {_DEPTH} deep")

        def wanted() -> list[str]:
            return _build_requirements(self._read(source, "/pyproject.toml"), source.name)

        layer = self.layer(self._supplies.remember(("source", source.sha256), wanted), depth=depth + 1)

        def make() -> dict[str, Any]:
            build = (UV, "build", "--wheel", "--offline", "--no-config", "--no-build-isolation")
            argv = (*build, "--python", "/env/bin/python", "--out-dir", OUTPUTS, f"{INPUTS}/{source.name}")
            step = Step(argv, _ENV, artifacts=(source,), layer=layer, wanted=".whl", about=f"building {source.name}")
            result = self._supplies.run(step)
            wheels = [wheel for wheel in result.outputs if _FILE_NAME.fullmatch(wheel.name)]
            if not _succeeded(result) or len(wheels) != 1:
                raise SupplyError(
                    f"{source.name} exists as source only and does not build{_how(result)}: {_output(result)}"
                )
            metadata = _metadata(self._read(wheels[0], ".dist-info/METADATA"), source.name)
            return {"name": wheels[0].name, "sha256": wheels[0].sha256, "metadata": metadata}

        def valid(kept: Mapping[str, Any]) -> bool:
            return self._supplies.has(Artifact(kept["name"], kept["sha256"]))

        kept = self._supplies.remember(("wheel", source.sha256, layer.key), make, valid)
        return _Built(Artifact(kept["name"], kept["sha256"]), kept["metadata"])

    def _read(self, archive: Artifact, name: str) -> str:
        argv = (self._python, "-I", "-S", "-c", _READ_MEMBER, f"{INPUTS}/{archive.name}", name)
        result = self._supplies.run(Step(argv, artifacts=(archive,)))
        if not _succeeded(result):
            raise SupplyError(f"{archive.name} cannot be read{_how(result)}: {_output(result)}")
        return result.command.stdout.decode(errors="replace")


def _of_later(as_of: str) -> Iterator[str]:
    """The options of uv for packages with a date of their own."""
    for name, date in _LATER.items():
        yield from ("--exclude-newer-package", f"{name}={max(date, as_of)}")


def _packages(lock: bytes) -> Iterator[dict[str, str]]:
    """The packages of a lock file (PEP 751), each with the one file that is to be used."""
    for package in tomllib.loads(lock.decode()).get("packages", ()):
        for file in (*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())):
            name = file.get("name") or unquote(urlsplit(file.get("url", "")).path.rpartition("/")[2])
            sha256 = file.get("hashes", {}).get("sha256", "")
            if not _FILE_NAME.fullmatch(name) or not _SHA256.fullmatch(sha256) or "url" not in file:
                raise SupplyError(f"{package['name']}: the index lists no file with a SHA-256: {name!r}")
            identity = {"name": canonicalize_name(package["name"]), "version": str(package["version"])}
            yield {**identity, "file": name, "sha256": sha256, "url": file["url"]}
            break
        else:
            raise SupplyError(f"{package['name']}: the index has no file for it")


def _artifact(package: Mapping[str, str]) -> Artifact:
    return Artifact(package["file"], package["sha256"], package["url"])


def _is_source(name: str) -> bool:
    return not name.endswith(".whl")


def _build_requirements(pyproject: str, name: str) -> list[str]:
    """The build requirements of a source distribution, by default those of setuptools."""
    try:
        declared = parse_toml(pyproject.encode(), "its pyproject.toml").get("build-system", {}).get("requires", _LEGACY)
        requirements = [parsed(text) for text in declared]
    except (BuildpackError, AttributeError, TypeError) as error:
        raise SupplyError(f"{name}: its pyproject.toml cannot be read: {error}") from error
    if None in requirements:
        raise SupplyError(f"{name}: its build requires something that is not a requirement by name: {declared}")
    return [str(requirement) for requirement in requirements]


def _metadata(text: str, name: str) -> dict[str, Any]:
    """The metadata of a wheel that the resolver needs (core metadata specification)."""
    fields, _ = parse_email(text)
    if "name" not in fields or "version" not in fields:
        raise SupplyError(f"{name}: the wheel that it builds has no metadata")
    return {
        "name": canonicalize_name(fields["name"]),
        "version": fields["version"],
        "requires-dist": [str(known) for known in map(parsed, fields.get("requires_dist", [])) if known],
        "provides-extra": fields.get("provides_extra", []),
    }


def _inline_table(values: Mapping[str, Any]) -> str:
    """Strings and lists of strings in TOML, whose basic strings are written like JSON's."""
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items()) + "}"


def _succeeded(result: StepResult) -> bool:
    return result.command.ending is Ending.EXITED and result.command.exit_code == 0


def _how(result: StepResult) -> str:
    return "" if result.command.ending is Ending.EXITED else f" ({result.command.ending})"


def _output(result: StepResult) -> str:
    text = result.command.stderr.decode(errors="replace").strip()
    return (text or result.command.stdout.decode(errors="replace").strip())[-_MAX_OUTPUT:]
