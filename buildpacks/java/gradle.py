"""Reads simple Gradle builds as text: the java plugin, and packages that are named by their coordinates.

A build script is a program. What it says is read where it says it plainly, and everything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from buildpacks.api import BuildpackError, RepoView
from buildpacks.java.maven import MavenModules
from buildpacks.java.pom import Dependency, Pom

__all__ = ["read_gradle"]

_SCRIPTS = ("build.gradle", "build.gradle.kts")
_SETTINGS = ("settings.gradle", "settings.gradle.kts")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"""(?:"[^"\n]*"|'[^'\n]*')""")
_COMMENT_OR_STRING = re.compile(f"{_STRING.pattern}|{_COMMENT.pattern}", re.DOTALL)
_BLOCK = re.compile(r"(?:^|(?<=[;\n}]))[ \t]{0,99}(\w{1,99})[ \t\r\n]{0,99}\{")
_PLUGIN = re.compile(r"""\bid\s*\(?\s*["']([\w.-]+)["']|apply\s*\(?\s*plugin\s*[:=]\s*["']([\w.-]+)["']""")
_KNOWN = frozenset({
    "java", "java-library", "application", "base", "jacoco", "idea", "eclipse", "checkstyle", "pmd", "maven-publish",
    "signing", "com.diffplug.spotless", "com.github.ben-manes.versions", "com.github.spotbugs", "net.ltgt.errorprone",
})  # fmt: skip
_REFUSED = frozenset({"subprojects", "allprojects", "sourceSets", "buildscript", "configurations"})
_SCOPES = {
    "api": "compile", "implementation": "compile", "compile": "compile", "compileOnly": "provided",
    "annotationProcessor": "provided", "runtimeOnly": "runtime", "testImplementation": "test", "testCompile": "test",
    "testRuntimeOnly": "test", "testCompileOnly": "test", "testAnnotationProcessor": "test",
}  # fmt: skip
_DECLARED = re.compile(
    r"""(\w+)\s*\(?\s*(?:(platform|enforcedPlatform|project)\s*\(\s*(?:path\s*[:=]\s*)?)?["']([^"'\n]+)["']\s*\)*"""
)
_COORDINATES = re.compile(r"([\w.-]+):([\w.-]+)(?::([\w.+-]+))?(?::([\w.-]+))?")
_VALUE = re.compile(r"""(?:def|val|var|ext\.|String|set\(")?\s*\b(\w+)"?\s*(?:=|,)\s*["']([\w.+-]+)["']""")
_USED = re.compile(r"\$\{?(?:rootProject\.|project\.|ext\.)*(\w+)\}?")
_RELEASE = re.compile(
    r"""(?:JavaLanguageVersion\.of\(\s*|options\.release(?:\.set\(|\s*=)\s*|sourceCompatibility\s*=?\s*["']?"""
    r"""(?:JavaVersion\.(?:VERSION_|toVersion\(["']?))?(?:1[._])?)(\d+)"""
)
_SUREFIRE = "<plugin><configuration><includes><include>**/*.java</include></includes></configuration></plugin>"


def read_gradle(view: RepoView) -> MavenModules:
    """The modules of a Gradle build, as if a pom.xml declared them. Raises `BuildpackError` for what is not plain."""
    folders = ["", *_included(view)]
    found = [(folder, script) for folder in folders if (script := _script(view, folder))]
    return MavenModules([_module(view, folder, script) for folder, script in found])


def _script(view: RepoView, folder: str) -> str:
    names = (f"{folder}/{name}".removeprefix("/") for name in _SCRIPTS)
    return next(filter(view.exists, names), "")


def _included(view: RepoView) -> Iterator[str]:
    for name in filter(view.exists, _SETTINGS):
        for line in re.findall(r"\binclude\b\s*\(?((?:[^\n)]|,\s*\n)*)", _text(view, name)):
            yield from (word[1:-1].strip(":").replace(":", "/") for word in _STRING.findall(line))


def _text(view: RepoView, path: str) -> str:
    """A script without its comments."""
    text = view.read(path).decode(errors="replace")
    return _COMMENT_OR_STRING.sub(lambda found: found[0] if found[0][0] in "\"'" else " ", text)


def _module(view: RepoView, folder: str, script: str) -> Pom:
    text = _text(view, script)
    blocks = dict(_blocks(text))
    for one in sorted(_REFUSED & blocks.keys()):
        raise BuildpackError(f"{script} has a block {one}, which only Gradle can carry out: say --test with a script")
    plugins = {name for pair in _PLUGIN.findall(text) for name in pair if name}
    plugins |= {name.strip("`") for name in re.findall(r"(?m)^\s*(`?[\w-]+`?)\s*$", blocks.get("plugins", ""))}
    if unknown := sorted(plugins - _KNOWN):
        raise BuildpackError(f"{script} has the plugin {unknown[0]}, which the Java buildpack does not run")
    values = _values(view, text)
    release = _RELEASE.search(text)
    plain = {"maven.compiler.release": release[1]} if release else {}
    declared = list(_dependencies(blocks.get("dependencies", ""), script, values))
    managed = tuple(one for one in declared if one.get("scope") == "import")
    return Pom(
        path=f"{folder}/pom.xml".removeprefix("/"),
        group="rfsn.gradle",
        artifact=folder.replace("/", ".") or "root",
        version="1",
        packaging="jar",
        parent=None,
        properties=plain,
        managed=managed,
        dependencies=tuple(one for one in declared if one.get("scope") != "import"),
        modules=(),
        build={},
        plugins={"maven-surefire-plugin": (ET.fromstring(_SUREFIRE),)},  # noqa: S314  # our own text
    )


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """The blocks at the top of a script, each with its text."""
    place = 0
    while match := _BLOCK.search(text, place):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield match[1], text[match.end() : end - 1]
        place = end - 1


def _values(view: RepoView, text: str) -> Mapping[str, str]:
    found = {}
    if view.exists("gradle.properties"):
        lines = view.read("gradle.properties").decode(errors="replace").splitlines()
        found = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    root = _script(view, "")
    above = _VALUE.findall(_text(view, root)) if root else []
    return found | dict(above) | dict(_VALUE.findall(text))


def _dependencies(block: str, script: str, values: Mapping[str, str]) -> Iterator[Dependency]:
    for line in filter(None, (line.strip() for line in block.splitlines())):
        if line in {"}", "{"} or line.startswith(("exclude", "because", "transitive")):
            continue
        found = _DECLARED.match(line)
        scope = _SCOPES.get(found[1]) if found else None
        if found is None or scope is None:
            raise BuildpackError(f"{script} requires {line[:100]!r}, which does not name a package by its coordinates")
        text = _USED.sub(lambda used: values.get(used[1], used[0]), found[3])
        if found[2] == "project":
            name = text.strip(":").replace(":", ".") or "root"
            yield {"groupId": "rfsn.gradle", "artifactId": name, "version": "1", "scope": scope}
            continue
        coordinates = _COORDINATES.fullmatch(text.partition("@")[0])
        if coordinates is None:
            raise BuildpackError(f"{script} requires {text!r}, which is not group:name:version")
        names = ("groupId", "artifactId", "version", "classifier")
        one = {name: part for name, part in zip(names, coordinates.groups(), strict=True) if part}
        imported = {"type": "pom", "scope": "import"} if found[2] else {"scope": scope}
        yield one | imported
