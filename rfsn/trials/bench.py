"""Cold runs: the test command in a fresh workspace, with or without a patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from buildpacks import BuildPlan, Choice, RepoView, RunRequest, RunResult, SuiteReport
from buildpacks.supplies import OUTPUTS
from gate import Change, FileChange
from rfsn.errors import InfraError
from rfsn.project.environment import Environment
from rfsn.project.parts import Part
from rfsn.sessions.meter import Meter
from rfsn.trials.rewriting import Kept, Marks, Written, kept_mounts, marks_of, rewritten
from sandbox import (
    HOST,
    Command,
    CommandResult,
    Ending,
    Limits,
    Mount,
    Sandbox,
    SandboxProvider,
    SandboxSpec,
    UnsafePath,
    copy_files,
    copy_tree,
    iter_files,
    read_beneath,
    remove_beneath,
    scratch_folder,
    write_beneath,
)

__all__ = ["Bench", "Workspace"]

_MAX_RESULTS_BYTES = 64 << 20
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything needed to run the tests of one part: the base, its environment, its plan and its sandboxes.

    `added` are files that every run has besides those of the base, such as a test written from an issue. `choice` is
    the environment that took the place of the pack's first one, and `why` says why.
    """

    base: Path
    view: RepoView
    environment: Environment
    part: Part
    plan: BuildPlan
    provider: SandboxProvider
    scratch: Path
    meter: Meter = field(default_factory=Meter)
    added: dict[str, FileChange] = field(default_factory=dict)
    choice: Choice = field(default_factory=Choice)
    why: str = ""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of every run."""
        return {**self.environment.variables, **self.plan.env}

    def answers(self, operation: str) -> bool:
        """Whether the part has a warm runner with this operation."""
        runner = self.part.pack.warm_runner(self.plan)
        return runner is not None and operation in runner.operations

    def run_tests(
        self, request: RunRequest, timeout_s: float, change: Change | None = None, kept: Kept | None = None
    ) -> SuiteReport:
        """Run the tests cold in a fresh workspace, in which what is `kept` is read-only.

        Elsewhere nothing is, as on a user's machine: what a run writes there is only found afterwards.

        Raises `InfraError` if the sandbox itself broke.
        """
        request = self.part.own_request(request)
        pack = self.part.pack
        spec = pack.focus(self.plan, request)
        command = Command(spec.argv, timeout_s, {**self.variables, **spec.env}, spec.stdin, _MAX_RESULTS_BYTES)
        host = f"host-{request.key[:3].hex()}" if request.elsewhere else ""
        ran, written = self._run(command, change, spec.mounts, spec.wanted, None if request.elsewhere else kept, host)
        return replace(self.part.report(pack.parse(request, ran)), rewritten=written)

    def run_command(self, argv: Sequence[str], timeout_s: float, change: Change | None = None) -> CommandResult:
        """Run one command in a fresh workspace; raises `InfraError` if the sandbox itself broke."""
        return self._run(Command(tuple(argv), timeout_s, self.variables), change)[0].command

    def _run(
        self,
        command: Command,
        change: Change | None,
        mounts: Sequence[Mount] = (),
        wanted: str = "",
        kept: Kept | None = None,
        host: str = "",
    ) -> tuple[RunResult, tuple[Written, ...]]:
        """The result of a command, with the `wanted` files, and what it wrote to its tree.

        If the sandbox broke, the command is run again.
        """
        for _ in range(_TRIES):
            workspace = Workspace(self, change, mounts, kept, leaves=bool(wanted), host=host)
            with workspace as sandbox:
                result = sandbox.run(command)
                outputs = workspace.outputs(wanted) if wanted else {}
                sandbox.close()  # nothing in it goes on
                written = workspace.written()
            self.meter.add(self.provider.name, "run", result)
            if result.ending is not Ending.INFRA_ERROR:
                return RunResult(result, outputs), written
        raise InfraError(f"the sandbox failed: {result.stderr.decode(errors='replace').strip()[-500:]}")


class Workspace:
    """The base with a change applied, open in a sandbox; removed when the block ends.

    It is an overlay on the base if the provider can do that and the change removes nothing, else a copy.
    """

    def __init__(
        self,
        bench: Bench,
        change: Change | None = None,
        mounts: Sequence[Mount] = (),
        kept: Kept | None = None,
        *,
        leaves: bool = False,
        host: str = "",
    ) -> None:
        """`leaves` is whether a command's output files have a folder at `OUTPUTS`, `host` the machine's name."""
        self._bench = bench
        self._host = host or HOST
        self._leaves = leaves
        self._files = {**bench.added, **(change.files if change else {})}
        self._mounts = tuple(mounts)
        self._kept = kept
        self._held = ExitStack()
        self._outputs = self._tree = Path()
        self._layered = False
        self._marks: Marks = {}

    def __enter__(self) -> Sandbox:
        with ExitStack() as held:
            sandbox = self._open(held)
            self._held = held.pop_all()
        return sandbox

    def outputs(self, wanted: str) -> dict[str, bytes]:
        """The regular files in `OUTPUTS` with such a suffix: hostile, so bounded, and read without following links."""
        taken: dict[str, bytes] = {}
        left = _MAX_RESULTS_BYTES
        for name in iter_files(self._outputs):
            if name.endswith(wanted):
                taken[name] = read_beneath(self._outputs, name, left + 1)
                left -= len(taken[name])
            if left < 0:
                raise InfraError(f"the test run left more than {_MAX_RESULTS_BYTES >> 20} MiB of results")
        return taken

    def written(self) -> tuple[Written, ...]:
        """What was written to the tree since it was opened."""
        generated = self._bench.environment.generated
        below = {*self._bench.view.files(), *(iter_files(generated) if generated else ())}
        return rewritten(self._tree, self._marks, self._expected, below, layered=self._layered)

    @property
    def _lower(self) -> tuple[Path, ...]:
        """The trees that a workspace is made of, the lowest first."""
        generated = self._bench.environment.generated
        return (self._bench.base, generated) if generated else (self._bench.base,)

    def _expected(self, path: str) -> bytes | None:
        """A file as it was before anything ran."""
        if path in self._files:
            return self._files[path].after
        for tree in reversed(self._lower):
            with suppress(FileNotFoundError, UnsafePath):
                return read_beneath(tree, path, _MAX_RESULTS_BYTES)
        return None

    def _open(self, held: ExitStack) -> Sandbox:
        bench, limits = self._bench, Limits()
        size = limits.disk_bytes if bench.provider.sees_mounts else None
        folder = held.enter_context(scratch_folder(bench.scratch, size))
        tree, self._outputs = folder / "repo", folder / "outputs"
        self._tree = tree
        mounts = self._mounts
        if self._leaves:
            self._outputs.mkdir()
            mounts = (*mounts, Mount(self._outputs, OUTPUTS, writable=True))
        generated = bench.environment.generated
        removes = any(file.after is None for file in self._files.values())
        self._layered = not removes and bench.provider.overlays(folder)
        if self._layered:
            tree.mkdir()
        else:
            copy_tree(bench.base, tree)
            if generated:
                copy_files(generated, tree, iter_files(generated))
        for path, file in self._files.items():
            if file.after is None:
                remove_beneath(tree, path)
            else:
                executable = file.mode == "100755" or (file.mode is None and _is_executable(bench.base / path))
                write_beneath(tree, path, file.after, executable=executable)
        mounts = (*mounts, *self._kept_mounts(tree))
        lower = self._lower if self._layered else ()
        spec = SandboxSpec(
            tree,
            lower=lower,
            environment=bench.environment.packages,
            mounts=(*bench.plan.mounts, *bench.environment.mounts, *mounts),
            limits=limits,
            services=bench.plan.services,
            cwd=bench.part.tree,
            host=self._host,
        )
        sandbox = bench.provider.open(spec)
        held.callback(sandbox.close)
        self._marks = marks_of(tree)
        return sandbox

    def _kept_mounts(self, tree: Path) -> tuple[Mount, ...]:
        kept, bench = self._kept, self._bench
        if kept is None or bench.provider.name == "local":  # where nothing is mounted
            return ()
        above = {path for path, file in self._files.items() if file.after is not None}
        above |= set(iter_files(bench.environment.generated)) if bench.environment.generated else set()
        gone = {path for path, file in self._files.items() if file.after is None}
        return kept_mounts(bench.base, kept, set(bench.view.files()) - gone, tree, above)

    def __exit__(self, *_: object) -> None:
        self._held.close()


def _is_executable(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o100)
