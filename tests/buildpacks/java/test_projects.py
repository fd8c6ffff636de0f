"""What builds declare, and what is fetched of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from buildpacks import BuildpackError, PlanOptions
from buildpacks.java import JavaBuildpack
from buildpacks.java.gradle import read_gradle
from buildpacks.java.maven import read_modules
from buildpacks.java.toolchains import find_jdk, release_of
from buildpacks.view import FolderView
from rfsn.source.snapshot import take_files

TOP = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>org.outside</groupId><artifactId>parent</artifactId><version>7</version></parent>
  <groupId>example</groupId><artifactId>top</artifactId><version>2</version><packaging>pom</packaging>
  <modules><module>app</module><module>core</module></modules>
  <properties><junit.version>5.10.2</junit.version><maven.compiler.release>11</maven.compiler.release></properties>
  <repositories><repository><id>mine</id><url>http://localhost/evil</url></repository></repositories>
  <build><extensions><extension><groupId>evil</groupId><artifactId>evil</artifactId></extension></extensions></build>
  <dependencyManagement><dependencies><dependency><groupId>org.junit</groupId><artifactId>junit-bom</artifactId>
    <version>${junit.version}</version><type>pom</type><scope>import</scope></dependency></dependencies>
  </dependencyManagement>
</project>
"""
MODULE = """<project>
  <parent><groupId>example</groupId><artifactId>top</artifactId><version>2</version></parent>
  <artifactId>{name}</artifactId>
  <dependencies>{dependencies}</dependencies>
  <build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><configuration>
    <includes><include>**/*Check.java</include></includes></configuration></plugin></plugins></build>
</project>
"""


def dependency(*parts: str) -> str:
    names = ("groupId", "artifactId", "version", "scope")
    return "".join(("<dependency>", *(f"<{n}>{p}</{n}>" for n, p in zip(names, parts, strict=False)), "</dependency>"))


CORE = dependency("org.one", "one", "1.0") + dependency("org.two", "two", "2.0", "test")
APP = dependency("${project.groupId}", "core", "${project.version}") + dependency("bad one", "a; b", "1")
TREE = {
    "pom.xml": TOP,
    "app/pom.xml": MODULE.format(name="app", dependencies=APP),
    "core/pom.xml": MODULE.format(name="core", dependencies=CORE),
}


@pytest.fixture
def view(tmp_path: Path) -> Callable[[Mapping[str, str]], FolderView]:
    def make(files: Mapping[str, str]) -> FolderView:
        take_files(files, "a test", tmp_path / "base")
        return FolderView(tmp_path / "base")

    return make


def required(pom: str) -> list[str]:
    found = ET.fromstring(pom).findall("dependencies/dependency")  # our own text
    return [":".join(one.findtext(name) or "" for name in ("artifactId", "version", "scope")) for one in found]


def test_nothing_but_coordinates_gets_into_the_neutral_poms(view: Callable[..., FolderView]) -> None:
    modules = read_modules(view(TREE))
    assert [pom.path for pom in modules.poms] == ["pom.xml", "core/pom.xml", "app/pom.xml"]
    top, core, app = modules.neutral()
    assert [required(one) for one in (top, core, app)] == [[], ["one:1.0:", "two:2.0:test"], ["one:1.0:"]]
    for pom in (top, core, app):
        assert "evil" not in pom
        assert "<artifactId>parent</artifactId><version>7</version>" in pom
        assert "<version>${junit.version}</version><type>pom</type><scope>import</scope>" in pom
    assert modules.release == 11
    layout = modules.layout()
    assert layout[2]["uses"] == [1]
    assert layout[2]["facts"] == {"maven.compiler.release": "11", "includes": "**/*Check.java"}
    assert layout[2]["test"] == ["app/src/test/java"]


GRADLE = {
    "settings.gradle": "rootProject.name = 'x'\ninclude 'core', ':app'\n",
    "core/build.gradle": """plugins {
    id 'java-library' // a comment
}
def version = '3.0'
repositories { mavenCentral() }
java { toolchain { languageVersion = JavaLanguageVersion.of(17) } }
dependencies {
    api "org.one:one:${version}"
    testImplementation platform('org.junit:junit-bom:5.10.2')
    testImplementation 'org.junit.jupiter:junit-jupiter'
}
test { useJUnitPlatform() }
""",
    "app/build.gradle.kts": 'plugins {\n    java\n}\ndependencies {\n    implementation(project(":core"))\n}\n',
}


def test_a_simple_gradle_build(view: Callable[..., FolderView]) -> None:
    modules = read_gradle(view(GRADLE))
    core, app = modules.neutral()
    assert (required(core), required(app)) == (["one:3.0:compile", "junit-jupiter::test"], ["one:3.0:compile"])
    assert "<artifactId>junit-bom</artifactId><version>5.10.2</version><type>pom</type><scope>import</scope>" in core
    assert (modules.release, modules.layout()[1]["uses"]) == (17, [0])


@pytest.mark.parametrize(
    ("files", "options", "why"),
    [
        ({"pom.xml": "<project>"}, PlanOptions(("mvn", "test")), "pom.xml is not XML"),
        ({"pom.xml": "<!DOCTYPE a><project/>"}, PlanOptions(("mvn", "test")), "declares entities"),
        ({"pom.xml": TOP.replace(">11<", ">99<")}, PlanOptions(), "no JDK here is 99 or later, as the build asks"),
        ({"pom.xml": TOP}, PlanOptions(packages=("a b",)), "is not group:artifact:version"),
        ({"pom.xml": TOP, "src/main/kotlin/A.kt": ""}, PlanOptions(), "is Kotlin"),
        ({"build.gradle": "plugins { id 'org.springframework.boot' }"}, PlanOptions(), "has the plugin org.spring"),
        ({"build.gradle": "subprojects {\n}\n"}, PlanOptions(), "has a block subprojects"),
        (
            {"build.gradle": "dependencies {\n  implementation libs.a\n}\n"},
            PlanOptions(),
            "requires 'implementation libs",
        ),
        ({"src/A.java": ""}, PlanOptions(), "no program of tests"),
        ({"src/A.java": ""}, PlanOptions(("mvn", "test")), "there is no pom.xml here"),
    ],
)
def test_why_there_is_no_plan(
    files: Mapping[str, str], options: PlanOptions, why: str, view: Callable[..., FolderView]
) -> None:
    with pytest.raises(BuildpackError, match=why):
        JavaBuildpack().plan(view(files), options)


def test_releases_of_java() -> None:
    assert [release_of(text) for text in ("1.8", "17", "17.0.2", "${x}")] == [8, 17, 17, 0]
    assert find_jdk(99) is None
