"""Cold runs: the test command in a fresh copy of the tree, with or without a patch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from buildpacks import Buildpack, BuildPlan, RepoView, RunRequest, SuiteReport
from gate import Change
from rfsn.environment import GENERATED
from rfsn.errors import InfraError
from rfsn.meter import Meter
from sandbox import (
    Command,
    CommandResult,
    Ending,
    Mount,
    Sandbox,
    SandboxProvider,
    SandboxSpec,
    UnsafePath,
    copy_tree,
    read_beneath,
    remove_tree,
    write_beneath,
)

__all__ = ["Bench", "Workspace"]

_MAX_RESULTS_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that it takes to run a project's tests: the base, its environment, its pack and its sandboxes."""

    base: Path
    view: RepoView
    environment: Path
    pack: Buildpack
    plan: BuildPlan
    provider: SandboxProvider
    scratch: Path
    meter: Meter = field(default_factory=Meter)

    def run_tests(self, request: RunRequest, timeout_s: float, change: Change | None = None) -> SuiteReport:
        """Run the tests cold in a pristine workspace; raises `InfraError` where the sandbox itself broke."""
        spec = self.pack.focus(self.plan, request)
        with tempfile.TemporaryDirectory(prefix="results-", dir=self.scratch, ignore_cleanup_errors=True) as folder:
            results = Path(folder)
            result = self.run_command(
                spec.argv, timeout_s, change, (*spec.mounts, Mount(results, "/results", writable=True))
            )
            artifact = _artifact(results, spec.results)
        return self.pack.parse(self.view, result, artifact)

    def run_command(
        self, argv: Sequence[str], timeout_s: float, change: Change | None = None, mounts: Sequence[Mount] = ()
    ) -> CommandResult:
        """Run one command in a pristine workspace."""
        with Workspace(self, change, mounts) as sandbox:
            result = sandbox.run(Command(tuple(argv), timeout_s, env=self.plan.env))
        self.meter.add(self.provider.name, "run", result)
        if result.ending is Ending.INFRA_ERROR:
            raise InfraError(f"the sandbox failed: {result.stderr.decode(errors='replace').strip()[-500:]}")
        return result


class Workspace:
    """The base with a change applied, open in a sandbox; gone when the block ends.

    It is a layer over the base where the provider can do that and the change removes nothing, else a copy.
    """

    def __init__(self, bench: Bench, change: Change | None = None, mounts: Sequence[Mount] = ()) -> None:
        self._bench = bench
        self._files = change.files if change else {}
        self._mounts = tuple(mounts)

    def __enter__(self) -> Sandbox:
        bench = self._bench
        self._folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=bench.scratch))
        tree = self._folder / "repo"
        generated = bench.environment / GENERATED
        trees = (bench.base, generated) if generated.is_dir() else (bench.base,)
        removes = any(file.after is None for file in self._files.values())
        if layered := not removes and bench.provider.overlays(self._folder):
            tree.mkdir()
        else:
            copy_tree(bench.base, tree)
            if generated.is_dir():
                shutil.copytree(generated, tree, dirs_exist_ok=True)
        for path, file in self._files.items():
            if file.after is None:
                (tree / path).unlink()
            else:
                executable = file.mode == "100755" or (file.mode is None and _is_executable(bench.base / path))
                write_beneath(tree, path, file.after, executable=executable)
        self._sandbox = bench.provider.open(
            SandboxSpec(
                tree,
                lower=trees if layered else (),
                environment=bench.environment,
                mounts=(*bench.plan.mounts, *self._mounts),
            )
        )
        return self._sandbox

    def __exit__(self, *_: object) -> None:
        self._sandbox.close()
        remove_tree(self._folder)


def _is_executable(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o100)


def _artifact(results: Path, name: str) -> bytes | None:
    try:
        return read_beneath(results, name, _MAX_RESULTS_BYTES)
    except (FileNotFoundError, UnsafePath):
        return None
