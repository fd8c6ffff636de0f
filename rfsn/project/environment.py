"""Environments of repaired projects: the packages, shared by all projects that require the same, and its own build.

They have two layers. `/env` holds packages by their hashes and is made without the repository; `/project` holds what
the project's own build wrote, and is used only for the tree that was built. Both are read-only once they are made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from buildpacks import Buildpack, BuildPlan, BuildStep, Layer, SupplyError
from buildpacks.supplies import PROJECT
from rfsn.errors import InfraError
from rfsn.machine import home
from rfsn.machine.files import is_short_of_room, require_room
from rfsn.machine.kept import cached_folders, kept, shrink
from rfsn.project.downloads import silent
from rfsn.project.supplies import Supplier, run_step
from rfsn.source.objects import tree_of_files
from sandbox import (
    CommandResult,
    Ending,
    Limits,
    Mount,
    SandboxProvider,
    SandboxSpec,
    UnsafePath,
    copy_files,
    copy_tree,
    iter_files,
    remove_tree,
)

__all__ = ["Environment", "prepared_environment"]

_GENERATED = "generated"
_INSTALLED = "project"
_NOT_BUILT = "not-built.txt"
_MAX_SAID = 2_000
_MAX_BYTES = 2 << 30
_NOT_COPIED = (".git",)
_NOT_KEPT = ("build/", "dist/")


@dataclass(frozen=True, slots=True)
class Environment:
    """What test runs of a project see besides its tree.

    `packages` is mounted at `/env`, in addition to `mounts`. `generated` holds the files that the build wrote into the
    tree, if any. `not_built` is the file that says why the project could not be built, if it could not. `key`
    identifies the packages: equal keys, equal packages. `variables` are set for every run.
    """

    packages: Path
    key: str
    mounts: tuple[Mount, ...] = ()
    generated: Path | None = None
    not_built: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def prepared_environment(
    pack: Buildpack,
    plan: BuildPlan,
    base: Path,
    provider: SandboxProvider,
    *,
    offline: bool = False,
    cache_bytes: int | None = None,
    tell: Callable[[str], None] = silent,
) -> Iterator[Environment]:
    """The environment for this plan and tree, made now if it is not in the caches, and kept during the block.

    `base` is the tree that a build sees, in a copy without `.git`. If something is made and the caches then take more
    than `cache_bytes`, the least recently used environments are removed, but none that is in use. `tell` gets a few
    words about each step that may take long. Raises `InfraError`, with the output of the step, if a requirement cannot
    be installed.
    """
    supplier = Supplier(plan, provider, offline=offline, tell=tell)
    with ExitStack() as held:
        try:
            layer = pack.provide(plan, supplier, building=False)
            packages = held.enter_context(supplier.held(layer))
            tools = held.enter_context(supplier.held(pack.provide(plan, supplier, building=True)))
        except SupplyError as error:
            raise InfraError(str(error)) from error
        made = supplier.made
        if provider.name == "local":
            # An installed project would refer to paths that exist only in a sandbox.
            environment = Environment(packages, layer.key, variables=plan.in_place)
        elif plan.build:
            project = home.cache_home() / "projects" / _key(plan, layer, base, provider)

            def build(to: Path) -> None:
                tell("building the project")
                _build(plan, base, tools, to, provider)

            made |= held.enter_context(kept(project, build))
            environment = _environment(project, packages, layer)
        else:
            environment = Environment(packages, layer.key)
        if made and cache_bytes is not None:
            shrink(cached_folders(), {*(home.cache_home() / "downloads").glob("*")}, cache_bytes)
        yield environment


def _key(plan: BuildPlan, layer: Layer, base: Path, provider: SandboxProvider) -> str:
    """The identity of a build: the packages, the commands, and every file that they can read, as it is now."""
    identity = [provider.name, layer.key, tree_of_files(base, "sha256"), *map(asdict, (*plan.build, *plan.fallback))]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _environment(project: Path, packages: Path, layer: Layer) -> Environment:
    generated, not_built = project / _GENERATED, project / _NOT_BUILT
    return Environment(
        packages,
        layer.key,
        (Mount(project / _INSTALLED, PROJECT),),
        generated if generated.is_dir() else None,
        not_built if not_built.is_file() else None,
    )


def _build(plan: BuildPlan, base: Path, packages: Path, folder: Path, provider: SandboxProvider) -> None:
    """Build the project in a scratch folder, and copy the result, which is as hostile as the project."""
    with home.working_folder() as scratch:
        result = _built(plan.build, plan, base, packages, scratch, provider)
        if not _succeeded(result):
            why = InfraError(_output_of(result))
            if is_short_of_room(why, folder):
                raise why  # the disk is full, which says nothing about the project
            if not plan.fallback:
                raise InfraError(f"the project cannot be built:\n{_output_of(result)}")
            (folder / _NOT_BUILT).write_text(_output_of(result), encoding="utf-8", errors="replace")
            result = _built(plan.fallback, plan, base, packages, scratch, provider)
            if not _succeeded(result):
                raise InfraError(f"the project can be neither built nor put on the path:\n{_output_of(result)}")
        require_room(scratch)
        written, workspace = scratch / "project", scratch / "repo"
        try:
            copy_tree(written, folder / _INSTALLED, _MAX_BYTES)
            if paths := list(_generated(base, workspace)):
                (folder / _GENERATED).mkdir()
                copy_files(workspace, folder / _GENERATED, paths, _MAX_BYTES)
        except UnsafePath as error:
            raise InfraError(f"the output of the project's build cannot be kept: {error}") from error


def _built(
    steps: Sequence[BuildStep],
    plan: BuildPlan,
    base: Path,
    packages: Path,
    scratch: Path,
    provider: SandboxProvider,
) -> CommandResult:
    """The result of the first step that fails, else of the last; each try starts from an empty folder."""
    workspace, written = scratch / "repo", scratch / "project"
    for folder in (workspace, written):
        remove_tree(folder)
    copy_tree(base, workspace, without=_NOT_COPIED)
    written.mkdir()
    spec = SandboxSpec(
        workspace,
        environment=packages,
        mounts=(*plan.mounts, Mount(written, PROJECT, writable=True)),
        limits=Limits(disk_bytes=_MAX_BYTES),
    )
    for step in steps:
        result = run_step(step.argv, spec, step.env, provider)
        if not _succeeded(result):
            break
    return result


def _generated(base: Path, workspace: Path) -> Iterator[str]:
    """The regular files that a build added to the tree, except beneath what is a file or a link in the base."""
    known = set(iter_files(base))
    for path in iter_files(workspace):
        if path in known or path.startswith(_NOT_KEPT) or "__pycache__" in path:
            continue
        parts = path.split("/")
        places = [base.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
        folders = all(place.is_dir() and not place.is_symlink() for place in places[:-1] if _is_there(place))
        if folders and not _is_there(places[-1]):
            yield path


def _is_there(place: Path) -> bool:
    return place.is_symlink() or place.exists()


def _succeeded(result: CommandResult) -> bool:
    return result.ending is Ending.EXITED and result.exit_code == 0


def _output_of(result: CommandResult) -> str:
    text = result.stderr.decode(errors="replace").strip() or result.stdout.decode(errors="replace").strip()
    ended = "" if result.ending is Ending.EXITED else f"{result.ending}: "
    return ended + (text[-_MAX_SAID:] or f"exit code {result.exit_code}, and no output")
