"""Reads pom.xml files, and writes neutral ones: parsed coordinates, lists of versions and plain properties alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from xml.etree import ElementTree as ET

from buildpacks.api import BuildpackError, RepoView

__all__ = ["Pom", "interpolated", "neutral_pom", "processors", "read_pom"]

_MAX_BYTES = 1 << 20
_MAX_DEPTH = 10
_WORD = re.compile(r"[\w.${}\[\](),+~*-]{1,200}")
_VALUE = re.compile(r"[^<>&\x00-\x1f]{0,500}")
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,100}")
_PROPERTY = re.compile(r"\$\{([\w.-]+)\}")
_PARTS = ("groupId", "artifactId", "version", "type", "classifier", "scope", "optional")
type Dependency = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pom:
    """One pom.xml, with what it inherits from those in the tree.

    `parent` are the coordinates of a parent that is not in the tree. A dependency has the elements of its declaration
    by name, and `without` with its exclusions. `plugins` are elements of the build, by artifact.
    """

    path: str
    group: str
    artifact: str
    version: str
    packaging: str
    parent: tuple[str, str, str] | None
    properties: Mapping[str, str]
    managed: tuple[Dependency, ...]
    dependencies: tuple[Dependency, ...]
    modules: tuple[str, ...]
    build: Mapping[str, tuple[str, ...]]
    plugins: Mapping[str, tuple[ET.Element, ...]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder of the module, relative to the tree."""
        return dirname(self.path)


def read_pom(view: RepoView, path: str, depth: int = 0) -> Pom:
    """A pom.xml with what it inherits in the tree. Raises `BuildpackError` if it cannot be read."""
    root = _root(view, path)
    above = root.find("parent")
    parent: Pom | None = None
    outside: tuple[str, str, str] | None = None
    if above is not None:
        place = normpath(join(dirname(path), _text(above, "relativePath") or "../pom.xml"))
        place = place if place.endswith(".xml") else f"{place}/pom.xml"
        if depth < _MAX_DEPTH and view.exists(place) and _artifact(view, place) == _text(above, "artifactId"):
            parent = read_pom(view, place, depth + 1)
            outside = parent.parent
        else:
            outside = (_text(above, "groupId"), _text(above, "artifactId"), _text(above, "version"))
    group = _text(root, "groupId") or (parent.group if parent else outside[0] if outside else "")
    version = _text(root, "version") or (parent.version if parent else outside[2] if outside else "")
    properties = {**(parent.properties if parent else {}), **_properties(root)}
    own = {"project.groupId": group, "project.version": version, "project.artifactId": _text(root, "artifactId")}
    managed = tuple(_dependencies(root.find("dependencyManagement/dependencies")))
    dependencies = tuple(_dependencies(root.find("dependencies")))
    plugins: dict[str, tuple[ET.Element, ...]] = dict(parent.plugins) if parent else {}
    for place in ("build/pluginManagement/plugins/plugin", "build/plugins/plugin"):
        for plugin in root.findall(place):
            name = _text(plugin, "artifactId")
            plugins[name] = (*plugins.get(name, ()), plugin)
    return Pom(
        path,
        group,
        _text(root, "artifactId"),
        interpolated(version, properties | own),
        _text(root, "packaging") or "jar",
        outside,
        properties | own,
        (*managed, *(parent.managed if parent else ())),
        (*dependencies, *(parent.dependencies if parent else ())),
        tuple(module.text.strip() for module in root.findall("modules/module") if module.text),
        _build(root),
        plugins,
    )


def interpolated(text: str, properties: Mapping[str, str]) -> str:
    """A text with the properties that are known in their places."""
    for _ in range(_MAX_DEPTH):
        replaced = _PROPERTY.sub(lambda found: properties.get(found[1], found[0]), text)
        if replaced == text:
            break
        text = replaced
    return text


def neutral_pom(pom: Pom, managed: Iterator[Dependency], dependencies: Iterator[Dependency]) -> str:
    """A pom.xml with these requirements, the parent outside of the tree, and properties."""
    root = ET.Element("project")
    _add(root, "modelVersion", "4.0.0")
    if pom.parent and all(map(_WORD.fullmatch, pom.parent)):
        parent = ET.SubElement(root, "parent")
        for name, value in zip(_PARTS[:3], pom.parent, strict=True):
            _add(parent, name, interpolated(value, pom.properties))
        _add(parent, "relativePath", "")
    for name, value in zip(_PARTS[:3], (pom.group, pom.artifact, pom.version), strict=True):
        _add(root, name, value if _WORD.fullmatch(value) else "unknown")
    properties = ET.SubElement(root, "properties")
    for name, value in sorted(pom.properties.items()):
        if _NAME.fullmatch(name) and _VALUE.fullmatch(value) and not name.startswith("project."):
            _add(properties, name, value)
    _add_all(ET.SubElement(ET.SubElement(root, "dependencyManagement"), "dependencies"), managed)
    _add_all(ET.SubElement(root, "dependencies"), dependencies)
    return ET.tostring(root, encoding="unicode")


def processors(configuration: ET.Element) -> Iterator[Dependency]:
    """The processors of annotations that a compiler's configuration names."""
    yield from _dependencies(configuration.find("annotationProcessorPaths"), "path")


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _add_all(parent: ET.Element, dependencies: Iterator[Dependency]) -> None:
    seen: set[tuple[str | None, ...]] = set()
    for one in dependencies:
        key = tuple(one.get(name) for name in ("groupId", "artifactId", "type", "classifier"))
        if key in seen:
            continue  # the nearest declaration counts
        seen.add(key)
        element = ET.SubElement(parent, "dependency")
        for name in _PARTS:
            if name in one:
                _add(element, name, one[name])
        without = [pair.split(":") for pair in one.get("without", "").split()]
        exclusions = ET.SubElement(element, "exclusions") if without else element
        for group, artifact in without:
            exclusion = ET.SubElement(exclusions, "exclusion")
            _add(exclusion, "groupId", group)
            _add(exclusion, "artifactId", artifact)


def _root(view: RepoView, path: str) -> ET.Element:
    data = view.read(path)
    if len(data) > _MAX_BYTES or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BuildpackError(f"{path} is too large, or declares entities, which are not read")
    try:
        root = ET.fromstring(data)  # noqa: S314  # without entities it grows by nothing
    except ET.ParseError as error:
        raise BuildpackError(f"{path} is not XML: {error}") from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def _artifact(view: RepoView, path: str) -> str:
    return _text(_root(view, path), "artifactId")


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _properties(root: ET.Element) -> dict[str, str]:
    return {one.tag: (one.text or "").strip() for one in root.findall("properties/*")}


def _dependencies(parent: ET.Element | None, name: str = "dependency") -> Iterator[Dependency]:
    for one in parent.findall(name) if parent is not None else ():
        found = {name: _text(one, name) for name in _PARTS if _text(one, name)}
        excluded = [
            (_text(other, "groupId"), _text(other, "artifactId") or "*") for other in one.findall("exclusions/*")
        ]
        without = " ".join(":".join(pair) for pair in excluded if all(map(_WORD.fullmatch, pair)))
        if all(map(_WORD.fullmatch, found.values())) and {"groupId", "artifactId"} <= found.keys():
            yield found | ({"without": without} if without else {})


def _build(root: ET.Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, path in (
        ("main", "build/sourceDirectory"),
        ("test", "build/testSourceDirectory"),
        ("resources", "build/resources/resource/directory"),
        ("testResources", "build/testResources/testResource/directory"),
    ):
        if places := tuple(one.text.strip() for one in root.findall(path) if one.text):
            found[name] = places
    return found
