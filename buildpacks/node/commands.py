"""Test commands: which runner a command starts, through the scripts of package.json and the usual wrappers.

A command is kept as words, or as `sh -c` with what comes before the tests, so that it can be typed and parsed again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename

from buildpacks.api import BuildpackError, RepoView
from buildpacks.node.manifest import read_manifest, scripts_of, uses
from buildpacks.node.options import sorted_out

__all__ = ["RUNNERS", "Command", "command_for", "is_known", "parsed"]

RUNNERS = ("vitest", "jest", "mocha")
"""The runners that are packages of a project; node:test comes with Node."""

_NODE = ("node", "--test")
_NO_SCRIPT = "no test specified"
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_PACKAGE = re.compile(r"(?:.*/)?node_modules/(?:\.bin/_?|)(vitest|jest|mocha)(?:/.*|)")
_CHECKS = frozenset({"eslint", "standard", "semistandard", "xo", "prettier", "tslint", "biome", "oxlint", "commitlint"})
_WRAPPERS = frozenset({"npx", "cross-env", "cross-env-shell", "env", "c8", "nyc", "dotenv", "time"})
_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_EXECUTE = frozenset({"exec", "x", "dlx"})
_ENDS = frozenset({"&&", ";", "||", "|", "&"})
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Command:
    """A runner, its arguments, options of Node, variables, and the shell commands that come before the tests.

    `files` are the arguments of mocha that are files; those of the other runners are among their arguments.
    """

    runner: str
    arguments: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def command_for(view: RepoView, given: Sequence[str] | None) -> tuple[str, ...]:
    """The command that runs what the command `given`, or the project's own, runs; scripts are written out.

    Raises `BuildpackError` if it starts none of the known runners.
    """
    manifest = read_manifest(view)
    scripts = scripts_of(manifest)
    if given is None:
        text = scripts.get("test", "")
        if not text or _NO_SCRIPT in text:
            runner = next((name for name in RUNNERS if uses(manifest, name)), None)
            return (runner,) if runner else _NODE
        given = ("npm", "test")
    segments = _resolved(_segments(given), scripts, _DEPTH)
    tests = _place(segments)
    if tests is None:
        raise BuildpackError(
            f"the Node.js buildpack runs node:test, jest, vitest and mocha, which {shlex.join(given)!r} does not "
            "start: say --test 'node --test', or another command of these"
        )
    before = [words for words in segments[:tests] if not _is_check(words)]
    if not before and not _variables(segments[tests]):
        return tuple(segments[tests])
    return ("sh", "-c", " && ".join(_joined(words) for words in (*before, segments[tests])))


def is_known(view: RepoView, command: Sequence[str]) -> bool:
    """Whether a command starts one of the known runners."""
    try:
        command_for(view, command)
    except BuildpackError:
        return False
    return True


def parsed(command: Sequence[str]) -> Command:
    """A command that `command_for` returned."""
    *before, words = _segments(command)
    variables = _variables(words)
    runner, options, arguments = _runner(words) or ("node", (), ())
    node, arguments, files = sorted_out(runner, options, arguments)
    return Command(runner, arguments, node, variables, tuple(map(_joined, before)), files)


def _place(segments: Sequence[Sequence[str]]) -> int | None:
    """Which of the segments runs the tests: the first that is a runner, else the last that is a script of Node."""
    found = [(place, runner) for place, words in enumerate(segments) if (runner := _runner(words))]
    sure = (place for place, (name, _, arguments) in found if name != "node" or "--test" in arguments)
    return next(sure, found[-1][0] if found else None)


def _segments(command: Sequence[str]) -> list[list[str]]:
    """The simple commands of a command, one after another."""
    match command:
        case ["sh" | "bash" | "/bin/sh", "-c", text]:
            lexer = shlex.shlex(text, posix=True, punctuation_chars="&;|")
            lexer.whitespace_split = True
            lexer.commenters = ""
            try:
                words = list(lexer)
            except ValueError as error:
                raise BuildpackError(f"the test command cannot be read ({error}): {text}") from error
        case _:
            words = list(command)
    segments: list[list[str]] = [[]]
    for word in words:
        if word in _ENDS:
            segments.append([])
        else:
            segments[-1].append(word)
    return [segment for segment in segments if segment] or [[]]


def _resolved(segments: Sequence[Sequence[str]], scripts: Mapping[str, str], depth: int) -> list[list[str]]:
    """The segments with scripts of package.json written out, with what runs before each."""
    found: list[list[str]] = []
    for words in segments:
        name = _script(words, scripts)
        if name is None or not depth:
            found.append(list(words))
            continue
        variables = [f"{key}={value}" for key, value in _variables(words).items()]
        extra = _after_script(words, name)
        for part in (f"pre{name}", name):
            if part in scripts:
                inner = _resolved(_segments(("sh", "-c", scripts[part])), scripts, depth - 1)
                if part == name and inner:
                    inner[-1] += extra
                found += [[*variables, *segment] for segment in inner]
    return found


def _script(words: Sequence[str], scripts: Mapping[str, str]) -> str | None:
    """The script that a command of a package manager runs."""
    match _without_wrappers(words):
        case [manager, "test" | "t" | "tst", *_] if manager in _MANAGERS and "test" in scripts:
            return "test"
        case [manager, "run" | "run-script", name, *_] if manager in _MANAGERS and name in scripts:
            return name
        case [("yarn" | "pnpm"), name, *_] if name in scripts:
            return name
    return None


def _after_script(words: Sequence[str], name: str) -> list[str]:
    """The arguments that a package manager passes on to a script."""
    rest = list(words)[list(words).index(name) + 1 :] if name in words else []
    return rest[rest.index("--") + 1 :] if "--" in rest else [] if "npm" in words else rest


def _variables(words: Sequence[str]) -> dict[str, str]:
    """The variables that a command sets: with the shell's syntax, cross-env or env."""
    found: dict[str, str] = {}
    for word in words:
        if _ASSIGNMENT.fullmatch(word):
            name, _, value = word.partition("=")
            found[name] = value
        elif word not in _WRAPPERS:
            break
    return found


def _without_wrappers(words: Sequence[str]) -> list[str]:
    """The command itself, without variables, npx, cross-env, and tools that measure coverage."""
    left = list(words)
    while left:
        if _ASSIGNMENT.fullmatch(left[0]):
            left.pop(0)
        elif basename(left[0]) in _WRAPPERS:
            left.pop(0)
            while left and left[0].startswith("-"):
                left.pop(0)
        elif left[0] in _MANAGERS and left[1:2] and left[1] in {*_EXECUTE, *RUNNERS}:
            del left[: 1 if left[1] in RUNNERS else 2]
            left = left[left[:1] == ["--"] :]
        else:
            break
    return left


def _runner(words: Sequence[str]) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The runner that a simple command starts, the options of Node before it and its own arguments; None if unknown."""
    match _without_wrappers(words):
        case [name, *arguments] if found := _package(name):
            return found, (), tuple(arguments)
        case [node, *arguments] if basename(node) in {"node", "nodejs"}:
            for place, word in enumerate(arguments):
                if found := _package(word):
                    return found, tuple(arguments[:place]), tuple(arguments[place + 1 :])
            return "node", (), tuple(arguments)
        case ["tsx", *arguments] if "--test" in arguments:
            return "node", (), ("--import", "tsx", *arguments)
    return None


def _package(word: str) -> str | None:
    if word in RUNNERS or word == "_mocha":
        return word.removeprefix("_")
    found = _PACKAGE.fullmatch(word)
    return found[1] if found else None


def _is_check(words: Sequence[str]) -> bool:
    """Whether a command only looks at the source, as linters do, or prints."""
    return basename((_without_wrappers(words) or ["echo"])[0]) in {*_CHECKS, "echo"}


def _joined(words: Sequence[str]) -> str:
    return shlex.join(words)
