"""Test commands: what of `go test ...` builds, what chooses tests, and what each test process gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import basename

from buildpacks.api import BuildpackError

__all__ = ["TestCommand", "default_command", "is_go_test", "parse_command"]

_TEST_COMMAND = ("go", "test")

_BUILD = frozenset({"race", "msan", "asan", "trimpath", "a", "linkshared"})
_BUILD_WITH_VALUE = frozenset(
    {"tags", "ldflags", "gcflags", "asmflags", "gccgoflags", "mod", "modfile", "p", "buildmode", "compiler",
     "installsuffix", "pgo"}
)  # fmt: skip
_TEST = frozenset({"short", "fullpath"})
_TEST_WITH_VALUE = frozenset({"parallel"})
# They change how results are shown, repeat or end a run, or measure: each test has an outcome of its own here.
_SET_ASIDE = frozenset({"v", "x", "n", "work", "json", "failfast", "cover", "benchmem", "artifacts", "i"})
_SET_ASIDE_WITH_VALUE = frozenset(
    {"timeout", "count", "cpu", "shuffle", "vet", "bench", "benchtime", "coverprofile", "covermode", "coverpkg",
     "blockprofile", "blockprofilerate", "cpuprofile", "memprofile", "memprofilerate", "mutexprofile",
     "mutexprofilefraction", "trace", "outputdir", "fuzztime", "fuzzminimizetime"}
)  # fmt: skip
_WITH_VALUE = _BUILD_WITH_VALUE | _TEST_WITH_VALUE | _SET_ASIDE_WITH_VALUE | {"run", "skip"}


@dataclass(frozen=True, slots=True)
class TestCommand:
    """The parts of a command: flags of the build, patterns of packages, and for the tests `-run`, `-skip` and others.

    `args` are the test binaries' own arguments.
    """

    __test__ = False  # pytest takes a class of this name for tests

    build: tuple[str, ...]
    patterns: tuple[str, ...]
    run: str
    skip: str
    flags: tuple[str, ...]
    args: tuple[str, ...]


def default_command(folders: Sequence[str]) -> tuple[str, ...]:
    """The command for all packages of the modules in these folders; the empty path is the top of the tree."""
    return (*_TEST_COMMAND, *(f"./{folder}/...".replace("//", "/") for folder in folders or ("",)))


def is_go_test(command: Sequence[str]) -> bool:
    """Whether a command is `go test`, by whatever path."""
    return (basename(command[0]) if command else "", *command[1:2]) == _TEST_COMMAND


def parse_command(command: Sequence[str]) -> TestCommand:
    """The parts of `go test ...`. Raises `BuildpackError` for any other command, or one that runs no tests."""
    if is_go_test(command):
        return _parsed(command[2:])
    raise BuildpackError(f"the Go buildpack runs go test, not {' '.join(command)!r}: say --test 'go test ./...'")


def _parsed(arguments: Sequence[str]) -> TestCommand:
    build: list[str] = []
    patterns: list[str] = []
    flags: list[str] = []
    chosen = {"run": "", "skip": ""}
    args: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument in {"-args", "--args"}:
            args += left
            break
        if not argument.startswith("-"):
            patterns.append(argument)
            continue
        name, given, value = argument.lstrip("-").removeprefix("test.").partition("=")
        if name in _WITH_VALUE and not given:
            if not left:
                raise BuildpackError(f"the test command gives no value for {argument}")
            value = left.pop(0)
        if name in chosen:
            chosen[name] = value
        elif name in _BUILD | _BUILD_WITH_VALUE:
            build.append(f"-{name}={value}" if name in _WITH_VALUE or given else f"-{name}")
        elif name in _TEST | _TEST_WITH_VALUE:
            flags.append(f"-test.{name}={value or 'true'}")
        elif name not in _SET_ASIDE | _SET_ASIDE_WITH_VALUE:
            raise BuildpackError(
                f"the Go buildpack does not know the option {argument} of go test: flags of the tests go after -args"
            )
    return TestCommand(
        tuple(build), tuple(patterns) or (".",), chosen["run"], chosen["skip"], tuple(flags), tuple(args)
    )
