"""A Maven project: its modules as the driver compiles them, and what they require."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from posixpath import join, normpath
from typing import Any
from xml.etree import ElementTree as ET

from buildpacks.api import BuildpackError, RepoView
from buildpacks.java.pom import Dependency, Pom, interpolated, neutral_pom, processors, read_pom
from buildpacks.java.toolchains import release_of

__all__ = ["MavenModules", "read_modules"]

_MAX_MODULES = 200
_COORDINATES = ("groupId", "artifactId", "version")
_USUAL = {
    "main": ("src/main/java",),
    "test": ("src/test/java",),
    "resources": ("src/main/resources",),
    "testResources": ("src/test/resources",),
}
# They make sources or classes that javac alone does not.
_MAKERS = frozenset({
    "antlr4-maven-plugin", "antlr3-maven-plugin", "protobuf-maven-plugin", "avro-maven-plugin", "javacc-maven-plugin",
    "ph-javacc-maven-plugin", "jaxb2-maven-plugin", "maven-jaxb2-plugin", "jaxws-maven-plugin", "cxf-codegen-plugin",
    "openapi-generator-maven-plugin", "swagger-codegen-maven-plugin", "kotlin-maven-plugin", "gmavenplus-plugin",
    "scala-maven-plugin", "aspectj-maven-plugin", "jflex-maven-plugin", "thrift-maven-plugin", "jooq-codegen-maven",
    "xmlbeans-maven-plugin", "templating-maven-plugin", "cup-maven-plugin", "modello-maven-plugin",
})  # fmt: skip


class MavenModules:
    """The modules of a project, those that others need before them."""

    def __init__(self, poms: Sequence[Pom]) -> None:
        self.poms = _ordered(poms)
        self._numbers = {(pom.group, pom.artifact): number for number, pom in enumerate(self.poms)}

    @property
    def release(self) -> int:
        """The highest release of Java that a module asks for."""
        names = ("maven.compiler.release", "maven.compiler.source")
        wanted = ([_facts(pom).get(name, "") for name in names] for pom in self.poms)
        return max((release_of(release or source) for release, source in wanted), default=0)

    def layout(self) -> list[dict[str, Any]]:
        """Each module as the driver gets it."""
        return [self._module(number, pom) for number, pom in enumerate(self.poms)]

    def neutral(self, packages: Sequence[str] | None = None) -> tuple[str, ...]:
        """A neutral pom for each module; none if nothing is required.

        `packages` (`group:artifact:version`) are required instead, if they are given.
        """
        if packages is not None:
            exact = tuple(map(_exact, packages))
            return tuple(neutral_pom(replace(pom, parent=None), iter(()), iter(exact)) for pom in self.poms)
        if not any(pom.dependencies or pom.parent for pom in self.poms):
            return ()
        return tuple(neutral_pom(pom, self._managed(pom), self._required(pom)) for pom in self.poms)

    def _module(self, number: int, pom: Pom) -> dict[str, Any]:
        places = {name: self._places(pom, name) for name in _USUAL}
        for plugin in pom.plugins.get("build-helper-maven-plugin", ()):
            for source in plugin.findall("executions/execution"):
                goals = {goal.text for goal in source.findall("goals/goal")}
                kind = "main" if "add-source" in goals else "test" if "add-test-source" in goals else ""
                folders = [one.text.strip() for one in source.findall("configuration/sources/source") if one.text]
                places[kind or "none"] = [*places.get(kind or "none", []), *(_inside(pom, one) for one in folders)]
        own = {kind: value for kind, value in places.items() if kind in _USUAL}
        uses = sorted({*self._uses(pom)})
        tests = (one for one in pom.dependencies if "test-jar" in one.values() or one.get("classifier") == "tests")
        tested = sorted({known for one in tests if (known := self._number(pom, one)) is not None})
        facts = {name: interpolated(value, pom.properties) for name, value in _facts(pom).items()}
        whole = {"folder": pom.folder or ".", "uses": uses, "usesTests": tested, "facts": facts, "number": number}
        return whole | own

    def _places(self, pom: Pom, name: str) -> list[str]:
        return [_inside(pom, place) for place in pom.build.get(name, _USUAL[name])]

    def _number(self, pom: Pom, one: Dependency) -> int | None:
        key = (interpolated(one["groupId"], pom.properties), interpolated(one["artifactId"], pom.properties))
        return self._numbers.get(key)

    def _uses(self, pom: Pom) -> Iterator[int]:
        """The modules whose classes a module sees, with those that these see."""
        for one in pom.dependencies:
            number = self._number(pom, one)
            if number is not None and self.poms[number] is not pom:
                yield number
                yield from self._uses(self.poms[number])

    def _managed(self, pom: Pom) -> Iterator[Dependency]:
        for one in pom.managed:
            number = self._number(pom, one)
            if number is None:
                yield one
            elif one.get("scope") == "import":
                yield from self._managed(self.poms[number])

    def _required(self, pom: Pom, depth: int = 0) -> Iterator[Dependency]:
        """What a module requires of others than those of the tree, with what these require."""
        for one in pom.dependencies:
            number = self._number(pom, one)
            if number is not None and self.poms[number] is not pom:
                if depth < _MAX_MODULES:
                    yield from self._inherited(self.poms[number], one.get("scope", "compile"), depth + 1)
            elif number is None and one.get("scope") != "system":
                yield one
        for configuration in _configurations(pom, "maven-compiler-plugin") if depth == 0 else ():
            yield from ({**processor, "scope": "provided"} for processor in processors(configuration))

    def _inherited(self, other: Pom, scope: str, depth: int) -> Iterator[Dependency]:
        managed = {(one["groupId"], one["artifactId"]): one for one in self._managed(other)}
        for one in self._required(other, depth):
            known = managed.get((one["groupId"], one["artifactId"]), {})
            full = {name: interpolated(value, other.properties) for name, value in {**known, **one}.items()}
            if full.get("scope", "compile") in {"compile", "runtime"} and full.get("optional") != "true":
                yield full | ({"scope": scope} if scope != "compile" else {})


def read_modules(view: RepoView) -> MavenModules:
    """The modules that the pom.xml at the top leads to. Raises `BuildpackError` for what javac alone cannot compile."""
    poms: dict[str, Pom] = {}
    left = ["pom.xml"]
    while left and len(poms) < _MAX_MODULES:
        path = left.pop(0)
        if path in poms or not view.exists(path):
            continue
        poms[path] = pom = read_pom(view, path)
        places = [normpath(join(pom.folder, module)) for module in pom.modules]
        left += [place if place.endswith(".xml") else f"{place}/pom.xml" for place in places]
    for pom in poms.values():
        active = {
            name for name, found in pom.plugins.items() if any(one.find("executions") is not None for one in found)
        }
        if made := sorted(_MAKERS & active):
            raise BuildpackError(f"{pom.path} has sources made by {made[0]}, which the Java buildpack does not run")
    return MavenModules(tuple(poms.values()))


def _exact(package: str) -> Dependency:
    parts = package.split(":")
    if len(parts) != len(_COORDINATES) or not all(map(re.compile(r"[\w.+-]+").fullmatch, parts)):
        raise BuildpackError(f"packages: {package!r} is not group:artifact:version")
    return dict(zip(_COORDINATES, parts, strict=True))


def _ordered(poms: Sequence[Pom]) -> tuple[Pom, ...]:
    """The modules, each after those that it requires."""
    names = {(pom.group, pom.artifact): pom for pom in poms}
    done: dict[str, Pom] = {}

    def add(pom: Pom, above: tuple[str, ...]) -> None:
        if pom.path in done or pom.path in above:
            return
        for one in pom.dependencies:
            key = (interpolated(one["groupId"], pom.properties), interpolated(one["artifactId"], pom.properties))
            if key in names:
                add(names[key], (*above, pom.path))
        done[pom.path] = pom

    for pom in poms:
        add(pom, ())
    return tuple(done.values())


def _inside(pom: Pom, place: str) -> str:
    known = {**pom.properties, "project.basedir": ".", "basedir": ".", "project.build.directory": "target"}
    return normpath(join(pom.folder, interpolated(place, known)))


def _facts(pom: Pom) -> dict[str, str]:
    """What a pom says about compiling and testing."""
    names = ("maven.compiler.release", "maven.compiler.source", "project.build.sourceEncoding")
    facts = {name: interpolated(pom.properties[name], pom.properties) for name in names if name in pom.properties}
    for configuration in _configurations(pom, "maven-compiler-plugin"):
        for name in ("release", "source"):
            if value := configuration.findtext(name):
                facts[f"maven.compiler.{name}"] = interpolated(value.strip(), pom.properties)
        for name in ("excludes", "testExcludes"):
            if values := [one.text.strip() for one in configuration.findall(f"{name}/*") if one.text]:
                facts[f"compiler.{name}"] = ",".join(values)
    for configuration in _configurations(pom, "maven-surefire-plugin"):
        for name in ("includes", "excludes"):
            if values := [one.text.strip() for one in configuration.findall(f"{name}/*") if one.text]:
                facts[name] = ",".join(values)
        if value := configuration.findtext("argLine"):
            facts["argLine"] = value.strip()
        for one in configuration.findall("systemPropertyVariables/*"):
            facts[f"system.{one.tag}"] = (one.text or "").strip()
    return facts


def _configurations(pom: Pom, name: str) -> list[ET.Element]:
    found = (plugin.find("configuration") for plugin in pom.plugins.get(name, ()))
    return [one for one in found if one is not None]
