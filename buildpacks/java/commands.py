"""Test commands: what of `mvn`, `gradle`, `java` and of scripts that call javac and java says how the tests run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, join, normpath
from typing import Any

from buildpacks.api import BuildpackError, RepoView

__all__ = ["Programs", "Tool", "is_known", "read_command"]

_FIND = re.compile(r"""\$\(\s*find\s+(\S+)\s+(?:-type f\s+)?-name\s+['"]?([\w*.]+)['"]?(?:\s+-type f)?\s*\)""")
_HERE = re.compile(r"""\$\(\s*dirname\s+(?:--\s+)?"?\$\{?0\}?"?\s*\)""")
_SET_ASIDE = frozenset({"set", "mkdir", "rm", "echo", ":", "true", "export", "printf"})
_JAVAC_VALUES = frozenset({"--release", "-source", "--source", "-target", "--target", "-encoding", "--add-modules",
                           "--add-exports", "--add-reads"})  # fmt: skip
_JAVA_VALUES = frozenset({"--add-modules", "--add-opens", "--add-exports", "--add-reads"})
_JVM = re.compile(r"-(?:ea|da|esa|enableassertions|Xss\w+|D[\w.]+=.*|D[\w.]+|-enable-preview)(?::.*)?")
_RUNS = {
    "mvn": frozenset({"test", "verify", "package", "install", "surefire:test"}),
    "gradle": frozenset({"test", "check", "build"}),
}
_TASKS = {name: runs | {"clean", "compile", "test-compile"} for name, runs in _RUNS.items()}
_TOOLS = {"mvn": "mvn", "mvnw": "mvn", "gradle": "gradle", "gradlew": "gradle"}


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of tests: the commands of javac and java, in their parts, as the driver gets them."""

    compiles: tuple[Mapping[str, Any], ...]
    runs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A command of a build tool: which one, and the classes, the methods and the modules that it chooses."""

    name: str
    tests: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


def is_known(view: RepoView, command: Sequence[str]) -> bool:
    """Whether it can be told from a command how the tests run."""
    try:
        read_command(view, command)
    except BuildpackError:
        return False
    return True


def read_command(view: RepoView, command: Sequence[str]) -> Programs | Tool:
    """What a command runs. Raises `BuildpackError` if that cannot be told from its text."""
    match [_TOOLS.get(basename(command[0]), basename(command[0])) if command else "", *command[1:]]:
        case ["mvn" | "gradle" as name, *arguments]:
            return _tool(name, arguments)
        case ["sh" | "bash" | "dash", script] if view.exists(normpath(script)):
            return _programs(view.read(normpath(script)).decode(errors="replace"), script)
        case ["sh" | "bash" | "dash", "-c" | "-ec" | "-ce", text]:
            return _programs(text, "the test command")
        case [_] if command and view.exists(normpath(command[0])):
            return _programs(view.read(normpath(command[0])).decode(errors="replace"), command[0])
    raise BuildpackError(
        f"the Java buildpack runs mvn test, gradle test, or a script with javac and java, not {' '.join(command)!r}"
    )


def _tool(name: str, arguments: Sequence[str]) -> Tool:
    tests: list[str] = []
    modules: list[str] = []
    tasks: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if name == "mvn" and word.startswith("-Dtest="):
            tests += word.removeprefix("-Dtest=").split(",")
        elif name == "mvn" and word in {"-pl", "--projects"} and left:
            modules += left.pop(0).split(",")
        elif name == "gradle" and word == "--tests" and left:
            tests.append(left.pop(0))
        elif word in {"-f", "--file", "-s", "--settings", "-P", "-T", "-t", "-p", "-b"} and left:
            raise BuildpackError(
                f"the Java buildpack does not know the option {word} of {name}: name the folder as REPO"
            )
        elif not word.startswith("-"):
            tasks.append(word.rpartition(":")[2] if name == "gradle" else word)
    if unknown := [task for task in tasks if task not in _TASKS[name]]:
        raise BuildpackError(
            f"the Java buildpack runs the tests of {name}, not {unknown[0]!r}: say --test '{name} test'"
        )
    if not _RUNS[name].intersection(tasks):
        raise BuildpackError(f"the command runs no tests: say --test '{name} test'")
    return Tool(name, tuple(tests), tuple(modules))


def _programs(text: str, name: str) -> Programs:
    compiles: list[Mapping[str, Any]] = []
    runs: list[Mapping[str, Any]] = []
    folder = "."
    for words in _commands(text):
        match words:
            case ["cd", to]:
                folder = "." if to in {".", ""} else normpath(join(folder, to))
            case ["javac", *arguments]:
                compiles.append(_javac(arguments, folder, name))
            case ["java", *arguments]:
                runs.append(_java(arguments, folder, name))
            case [first, *_] if first not in _SET_ASIDE:
                raise BuildpackError(
                    f"the Java buildpack reads javac and java out of {name}, and cannot tell what {first} does"
                )
    if not compiles or not runs:
        raise BuildpackError(f"{name} calls no javac and java: say --test with the commands that run the tests")
    return Programs(tuple(compiles), tuple(runs))


def _commands(text: str) -> Iterator[list[str]]:
    """The commands of a script, one by one and without redirections."""
    joined = _HERE.sub(".", _FIND.sub(lambda found: f"{found[1]}/**/{found[2]}", text.replace("\\\n", " ")))
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError as error:
            raise BuildpackError(f"a line of the test command cannot be read: {line.strip()[:100]}") from error
        command: list[str] = []
        skip = False
        for word in [*words, ";"]:
            if skip:
                skip = False
            elif word in {">", ">>", "<", ">&", "&>"}:
                if command and command[-1] in {"1", "2"}:
                    command.pop()
                skip = True
            elif word in {";", "&&"}:
                while command and (command[0] in {"exec", "time", "command"} or "=" in command[0]):
                    command.pop(0)
                if command:
                    yield command
                command = []
            elif set(word) <= set(";&|<>"):
                raise BuildpackError(f"the Java buildpack cannot tell what {word} does in: {line.strip()[:100]}")
            else:
                command.append(word)


def _javac(arguments: Sequence[str], folder: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"options": [], "sources": [], "out": "", "classpath": ""}
    left = list(arguments)
    processing = False
    while left:
        word = left.pop(0)
        if word == "-d" and left:
            found["out"] = normpath(join(folder, left.pop(0)))
        elif word in {"-cp", "-classpath", "--class-path"} and left:
            found["classpath"] = _classpath(left.pop(0), folder)
        elif word in _JAVAC_VALUES and left:
            found["options"] += [word, left.pop(0)]
        elif word.startswith("-proc:"):
            processing = word != "-proc:none"
        elif word.startswith(("@", "-processor", "-J", "-Xplugin", "-A", "-sourcepath", "--module", "-p")):
            raise BuildpackError(f"the Java buildpack does not know the option {word} of javac in {name}")
        elif word.startswith("-"):
            found["options"].append(word)
        else:
            found["sources"].append(_inside(word, folder))
    if processing:
        raise BuildpackError(f"{name} has javac process annotations, which a plain layout has no packages for")
    found["options"] = [*(option for option in found["options"] if option != "-nowarn"), "-proc:none"]
    found["out"] = found["out"] or folder
    return found


def _java(arguments: Sequence[str], folder: str, name: str) -> dict[str, Any]:
    if folder != ".":
        raise BuildpackError(f"{name} runs java in the folder {folder}: name it as REPO")
    found: dict[str, Any] = {"jvm": [], "classpath": ".", "main": "", "arguments": []}
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word in {"-cp", "-classpath", "--class-path"} and left:
            found["classpath"] = _classpath(left.pop(0), folder)
        elif word in _JAVA_VALUES and left:
            found["jvm"] += [word, left.pop(0)]
        elif word.startswith("-X"):
            continue  # how fast it is and how much it may use is the driver's to say
        elif _JVM.fullmatch(word):
            found["jvm"].append(word)
        elif word.startswith("-") or word.endswith(".java"):
            raise BuildpackError(f"the Java buildpack does not know {word} of java in {name}")
        else:
            found["main"], found["arguments"], left = word.replace("/", "."), left, []
    return found


def _classpath(value: str, folder: str) -> str:
    return ":".join(_inside(part, folder) for part in value.split(":") if part)


def _inside(path: str, folder: str) -> str:
    if "$" in path or "`" in path:
        raise BuildpackError(f"the Java buildpack cannot tell what {path} stands for in the test command")
    return normpath(join(folder, path))
