"""The sandbox made of Linux namespaces by bubblewrap (bwrap).

It guarantees: no network, no host files except the programs in /usr and the mounts, no host processes, no capabilities,
no new namespaces, limits on each process, and nothing that outlives the controller.

It does not guarantee: without libseccomp, system calls are not filtered; if no control group can be created (see
`sandbox/cgroup.py`), memory is limited per process, not for all together, and root is exempt from the limit on
processes; if the controller runs as root, so does the sandbox in the eyes of the host's kernel, and root's files in a
mount can be read. With a network, the host's loopback and abstract sockets are reachable.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from sandbox.cgroup import Group, remove_dead_groups
from sandbox.hosted import HostedProvider, HostedSandbox
from sandbox.layout import ENVIRONMENT, files, isolation, overlay_work, system, tree
from sandbox.maker import Maker
from sandbox.model import Command, Ending, SandboxSpec
from sandbox.mounts import filesystem
from sandbox.orphans import MAKER, end_orphans
from sandbox.probe import PRLIMIT, probe
from sandbox.process import Child
from sandbox.quota import DiskQuota
from sandbox.seccomp import filter_program
from sandbox.workspace import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.model import CommandResult, Limits
    from sandbox.process import Spawner

__all__ = ["BubblewrapProvider"]

READY = b"+"
_PROBE_S = 10.0
# The shell is process 1: it ends with the command, and the kernel then kills everything else in the namespace before
# bwrap is notified, so the rusage of bwrap includes all CPU time. Its stderr is closed, as it would report signals.
INIT = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
INIT_LASTING = f"printf {READY.decode()}; {INIT}"


class BubblewrapProvider(HostedProvider):
    """Creates sandboxes with bwrap; raises `SandboxUnavailable`, with the remedy, if that cannot work."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self.bwrap = probe()
        self._overlays: dict[str, bool] = {}
        end_orphans()
        remove_dead_groups()
        super().__init__()

    def overlays(self, folder: Path) -> bool:
        """Whether bwrap and the kernel support it on the file system of `folder`; tried once for each kind."""
        kind = filesystem(folder)
        if kind not in self._overlays:
            self._overlays[kind] = self._can_overlay(folder)
        return self._overlays[kind]

    def _can_overlay(self, folder: Path) -> bool:
        with TemporaryDirectory(prefix="overlay-", dir=folder, ignore_cleanup_errors=True) as name:
            upper, lower = Path(name, "upper"), Path(name, "lower")
            for tree in (upper, lower):
                tree.mkdir()
            (lower / "given").write_text("given")
            sandbox = self.open(SandboxSpec(upper, lower=(lower,)))
            try:
                result = sandbox.run(Command(("sh", "-c", "cat given; echo more >> given; rm given"), _PROBE_S))
            finally:
                sandbox.close()
                remove_tree(upper.with_name("upper.work"))
            return result.stdout == b"given" and result.exit_code == 0 and (lower / "given").read_text() == "given"

    def open(self, spec: SandboxSpec) -> BubblewrapSandbox:
        """A sandbox for `spec`; a missing mount is reported when the first command runs."""
        return BubblewrapSandbox(self, self.bwrap, spec)


class BubblewrapSandbox(HostedSandbox):
    """Each command runs in its own namespaces; commands share the workspace and the writable mounts."""

    greeting = READY

    def __init__(self, provider: BubblewrapProvider, bwrap: str, spec: SandboxSpec) -> None:
        super().__init__(provider, spec)
        if spec.lower:
            overlay_work(spec).mkdir(exist_ok=True)
        self._bwrap = bwrap
        self._before = (*isolation(spec), *system(spec))
        self._after = tuple(tree(spec))
        self._files = files(spec)

    def start(self, spawner: Spawner, command: Command, *, lasting: bool) -> Child:
        """Start bwrap; its options and files are passed in memory, so that they show in no command line on the host."""
        with _Passed() as passed:
            options = b"".join(os.fsencode(option) + b"\0" for option in self._options(command, passed))
            status, reported = os.pipe()
            passed.add(reported)
            init = ("/bin/sh", "-c", INIT_LASTING if lasting else INIT, "sh")
            group = Group.create(self.spec.limits)
            limits = (PRLIMIT, *_limits(self.spec.limits, grouped=group is not None), "--")
            given = ("--args", str(passed.memory(options)), "--json-status-fd", str(reported))
            argv = (self._bwrap, *given, "--", *init, *limits, *command.argv)
            try:
                popen = spawner.start(
                    group.enter(argv) if group else argv,
                    env={MAKER: str(Maker.own())},
                    stdin=lasting or bool(command.stdin),
                    pass_fds=passed.numbers,
                )
            except BaseException:
                os.close(status)
                if group:
                    group.remove()
                raise
        child = BubblewrapChild(
            popen,
            output_bytes=self.spec.limits.output_bytes,
            stdout_bytes=command.stdout_bytes,
            timeout_s=command.timeout_s,
            quota=DiskQuota.of(self.spec),
            status=status,
        )
        child.group = group
        return child

    def _options(self, command: Command, passed: _Passed) -> list[str]:
        """Options of bwrap; raises `ValueError` if one contains a NUL, after which bwrap would read another option."""
        options = [*self._before]
        for path, content in self._files.items():
            options += ("--perms", "0444", "--file", str(passed.memory(content)), path)
        options += self._after
        if program := filter_program():
            options += ("--seccomp", str(passed.memory(program)))
        for key, value in {**ENVIRONMENT, **command.env}.items():
            options += ("--setenv", key, value)
        if any("\0" in option for option in options):
            raise ValueError("a variable or the path of a mount contains a NUL")
        return options


class _Passed:
    """Descriptors that a child inherits; this process closes its copies at the end of the block."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self.numbers:
            os.close(number)

    def add(self, number: int) -> None:
        """Take over a descriptor."""
        self.numbers.append(number)

    def memory(self, content: bytes) -> int:
        """A descriptor of an anonymous file with `content`."""
        number = os.memfd_create("rfsn-sandbox")
        self.add(number)
        with open(number, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(number, 0, os.SEEK_SET)
        return number


class BubblewrapChild(Child):
    """bwrap's monitor process, which reports the host's pid of process 1 at the start and an exit code at the end."""

    group: Group | None = None

    def collect(self, stdin: bytes = b"", *, take_stdout: bool) -> CommandResult:
        """See `Child.collect`; a command that failed after the kernel killed a process for memory ended as `OOM`."""
        result = super().collect(stdin, take_stdout=take_stdout)
        if self.group is None:
            return result
        failed = result.ending in {Ending.EXITED, Ending.INFRA_ERROR} and result.exit_code != 0
        if failed and self.group.killed_for_memory():
            result = replace(result, exit_code=None, ending=Ending.OOM)
        self.group.remove()
        return result

    def end_tree(self) -> None:
        """Kill process 1, and with it the namespace; before bwrap has reported its pid there is nothing to kill."""
        pid = self._reported("child-pid")
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def exit_code(self, returncode: int) -> int | None:  # noqa: ARG002 - bwrap ends with 1 for its own failures too
        """The code that bwrap reported, which it does only if it started process 1."""
        return self._reported("exit-code")

    def _reported(self, key: str) -> int | None:
        for line in self.status.content().splitlines():
            with suppress(json.JSONDecodeError):
                value = json.loads(line).get(key)
                if value is not None:
                    return int(value)
        return None


def _limits(limits: Limits, *, grouped: bool) -> Iterator[str]:
    """Options of prlimit, none above the controller's own limits. A control group limits memory by itself."""
    for option, kind, value in (
        ("as", resource.RLIMIT_AS, limits.memory_bytes),
        ("nproc", resource.RLIMIT_NPROC, limits.processes),
        ("fsize", resource.RLIMIT_FSIZE, limits.file_bytes),
        ("nofile", resource.RLIMIT_NOFILE, limits.open_files),
        ("core", resource.RLIMIT_CORE, 0),
    ):
        if grouped and option == "as":
            continue
        hard = resource.getrlimit(kind)[1]
        yield f"--{option}={value if hard == resource.RLIM_INFINITY else min(value, hard)}"
