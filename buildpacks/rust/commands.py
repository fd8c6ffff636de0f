"""Test commands: what of `cargo test ...` or `cargo nextest run ...` chooses what is built, and what chooses tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from posixpath import basename

from buildpacks.api import BuildpackError

__all__ = ["TestCommand", "default_command", "is_known", "parse_command"]

_KINDS = {
    "--lib": ("lib",),
    "--bins": ("bin",),
    "--tests": ("lib", "bin", "test"),
    "--examples": ("example",),
    "--benches": ("bench",),
    "--all-targets": ("lib", "bin", "test", "example", "bench"),
}
_NAMED = {"--bin": "bin", "--test": "test", "--example": "example", "--bench": "bench"}
_DEFAULT_KINDS = ("lib", "bin", "test")
_BUILD = frozenset({"--all-features", "--no-default-features", "--release", "--ignore-rust-version"})
_BUILD_WITH_VALUE = frozenset({"--features", "--profile", "--jobs", "--manifest-path"})
_SHORT = {"-p": "--package", "-F": "--features", "-j": "--jobs", "-r": "--release"}
_CHOICES = frozenset({"--package", "--exclude"})
# They change how results are shown, repeat or end a run, or use the network: none of this is the user's here.
_SET_ASIDE = frozenset(
    {"--quiet", "-q", "--verbose", "-v", "-vv", "--offline", "--frozen", "--locked", "--no-fail-fast", "--fail-fast",
     "--future-incompat-report", "--timings", "--nocapture", "--no-capture", "--show-output"}
)  # fmt: skip
_SET_ASIDE_WITH_VALUE = frozenset({"--color", "--message-format", "--target-dir", "--test-threads"})
_NEXTEST = frozenset({"--no-tests", "--retries", "--status-level", "--final-status-level", "--failure-output",
                      "--success-output", "--max-fail"})  # fmt: skip
_HARNESS_SHORT = {"-q": "--quiet"}
_HARNESS = frozenset({"--quiet", "--nocapture", "--no-capture", "--show-output", "--test", "--report-time"})
_HARNESS_WITH_VALUE = frozenset({"--test-threads", "--color", "--format", "--logfile"})
_IGNORED = {"--ignored": "only", "--include-ignored": "all"}
_RUN_IGNORED = {"default": "", "only": "only", "ignored-only": "only", "all": "all"}


@dataclass(slots=True)
class TestCommand:
    """The parts of a command: `build` are flags of cargo, `kinds` and `names` (`kind name`) choose test targets.

    `filters` and `skips` choose tests by parts of their names, or by whole ones if `exact`; `ignored` is `only` or
    `all` if ignored tests run too.
    """

    __test__ = False  # pytest takes a class of this name for tests

    build: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    workspace: bool = False
    filters: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    exact: bool = False
    ignored: str = ""


def default_command(*, workspace: bool) -> tuple[str, ...]:
    """The command for all packages of a workspace, or for a package alone."""
    return ("cargo", "test", "--workspace") if workspace else ("cargo", "test")


def is_known(command: Sequence[str]) -> bool:
    """Whether a command starts the tests of cargo or of nextest."""
    match _words(command):
        case ["cargo", "test" | "t", *_] | ["cargo" | "cargo-nextest", "nextest", "run" | "r", *_]:
            return True
    return False


def _words(command: Sequence[str]) -> list[str]:
    """The command by its name alone, and without the name of a toolchain: it is the one that was found."""
    words = [basename(command[0]) if command else "", *command[1:]]
    return [words[0], *words[2:]] if words[0] == "cargo" and words[1:] and words[1].startswith("+") else words


def parse_command(command: Sequence[str]) -> TestCommand:
    """The parts of a command. Raises `BuildpackError` for one that is not known, or that runs no tests."""
    found = TestCommand()
    match _words(command):
        case ["cargo", "test" | "t", *arguments]:
            _read(found, arguments, nextest=False)
        case ["cargo", "nextest", "run" | "r", *arguments] | ["cargo-nextest", "nextest", "run" | "r", *arguments]:
            _read(found, arguments, nextest=True)
        case _:
            said = " ".join(command)
            raise BuildpackError(f"the Rust buildpack runs cargo test, not {said!r}: say --test 'cargo test'")
    found.kinds = found.kinds or ([] if found.names else [*_DEFAULT_KINDS])
    return found


def _read(found: TestCommand, arguments: Sequence[str], *, nextest: bool) -> None:
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            _read_harness(found, left)
            return
        if not argument.startswith("-"):
            found.filters.append(argument)
            continue
        name, given, value = _parted(argument)
        if nextest and name == "--cargo-profile":
            name = "--profile"
        elif nextest and name in {"--profile", "--jobs"}:
            name = "--test-threads"  # nextest's own; set aside
        with_value = _BUILD_WITH_VALUE | _CHOICES | _SET_ASIDE_WITH_VALUE | _NAMED.keys()
        if nextest:
            with_value |= _NEXTEST | {"--run-ignored"}
        if name in with_value and not given:
            value = _value(argument, left)
        _take(found, name, value, nextest=nextest)


def _take(found: TestCommand, name: str, value: str, *, nextest: bool) -> None:
    if name in _KINDS:
        found.kinds += [kind for kind in _KINDS[name] if kind not in found.kinds]
        found.build.append(name)
    elif name in _NAMED:
        found.names.append(f"{_NAMED[name]} {value}")
        found.build.append(f"{name}={value}")
    elif name in {"--workspace", "--all"}:
        found.workspace = True
        found.build.append("--workspace")
    elif name in _CHOICES:
        (found.packages if name == "--package" else found.excluded).append(value)
        found.build.append(f"{name}={value}")
    elif name in _BUILD | _BUILD_WITH_VALUE:
        found.build.append(f"{name}={value}" if name in _BUILD_WITH_VALUE else name)
    elif nextest and name == "--run-ignored" and value in _RUN_IGNORED:
        found.ignored = _RUN_IGNORED[value]
    elif name == "--doc":
        raise BuildpackError("the Rust buildpack does not run the tests in documentation: leave --doc out")
    elif name not in _SET_ASIDE | _SET_ASIDE_WITH_VALUE | (_NEXTEST if nextest else frozenset()):
        raise BuildpackError(
            f"the Rust buildpack does not know the option {name} of the test command: options of the tests go after --"
        )


def _read_harness(found: TestCommand, left: list[str]) -> None:
    """What comes after `--` is for the test binaries."""
    while left:
        argument = left.pop(0)
        name, given, value = _parted(argument)
        name = _HARNESS_SHORT.get(name, name)
        if name in {"--skip", *_HARNESS_WITH_VALUE} and not given:
            value = _value(argument, left)
        if not argument.startswith("-"):
            found.filters.append(argument)
        elif name == "--skip":
            found.skips.append(value)
        elif name == "--exact":
            found.exact = True
        elif name in _IGNORED:
            found.ignored = _IGNORED[name]
        elif name not in _HARNESS | _HARNESS_WITH_VALUE:
            raise BuildpackError(f"the Rust buildpack does not know the option {argument} of test binaries")


def _parted(argument: str) -> tuple[str, str, str]:
    """The name of an option in its long form, `=` if its value is beside it, and that value."""
    name, given, value = argument.partition("=")
    if name[:2] in _SHORT and name[2:] and not given and not name.startswith("--"):
        name, given, value = name[:2], "=", name[2:]
    return _SHORT.get(name, name), given, value


def _value(argument: str, left: list[str]) -> str:
    if not left:
        raise BuildpackError(f"the test command gives no value for {argument}")
    return left.pop(0)
