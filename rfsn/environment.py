"""Environments of repaired projects: made once for each plan, read-only afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from buildpacks import BuildPlan
from rfsn import home
from rfsn.errors import InfraError
from sandbox import (
    Command,
    CommandResult,
    Ending,
    Limits,
    Mount,
    SandboxProvider,
    SandboxSpec,
    copy_tree,
    discard,
    disk_usage,
    iter_files,
    make_marked,
    remove_marked,
)

__all__ = ["GENERATED", "HALF_MADE", "NOT_BUILT", "prepared_environment"]

HALF_MADE = ("*.partial",)
"""The names of what is in the folder of environments only while one is made."""

GENERATED = "generated"
"""Where an environment keeps what a build wrote into the tree: version files, compiled extensions, metadata."""

NOT_BUILT = "not-built.txt"
"""Where an environment keeps why its project could not be installed, where that is so."""

_MAX_SAID = 2_000
_NOT_KEPT = ("build/", "dist/")
_STEP_TIMEOUT_S = 600.0
_DISK_BYTES = 64 << 30  # what is installed may well be gigabytes, and the packages' cache, which is shared, counts
# What the fetch step may know of the host: the user's package index, proxy and certificate settings.
_FETCH_PREFIXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NATIVE_TLS", "UV_HTTP")
_FETCH_NAMES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@contextmanager
def prepared_environment(
    plan: BuildPlan, base: Path, provider: SandboxProvider, *, offline: bool = False, cache_bytes: int | None = None
) -> Iterator[Path]:
    """The folder to mount at `/env` for this plan; made now where the cache does not have it, and kept for the block.

    `base` is the tree that the build steps see, in a copy; files that they add to it are kept in the environment's
    folder `GENERATED`, for workspaces to have them too. Where one is made and all together then take more than
    `cache_bytes`, those used least recently go, and never one in use. Raises `InfraError` with the step's own words
    where a requirement cannot be had.
    """
    environments = home.cache_home() / "environments"
    environments.mkdir(parents=True, exist_ok=True)
    ready = environments / plan.cache_key
    with _lock_of(ready).open("a") as lock:
        made = False
        fcntl.flock(lock, fcntl.LOCK_SH)  # shared at once where it is there: many sessions use one side by side
        while not ready.is_dir():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.is_dir():
                partial = ready.with_suffix(".partial")
                remove_marked(partial)
                make_marked(partial)
                environment = partial / "environment"
                environment.mkdir()
                try:
                    _make(plan, base, environment, partial, provider, offline=offline)
                    environment.rename(ready)
                finally:
                    discard(partial)
                made = True
            fcntl.flock(lock, fcntl.LOCK_SH)  # between two locks, another may remove it
        os.utime(ready)
        if made and cache_bytes is not None:
            _shrink(environments, cache_bytes)
        yield ready


def _lock_of(environment: Path) -> Path:
    """Held exclusively while an environment is made or removed, and shared while it is used."""
    return environment.with_suffix(".lock")


def _shrink(environments: Path, limit: int) -> None:
    """Remove the environments used least recently until all take `limit` bytes at most."""
    there = [folder for folder in environments.iterdir() if folder.is_dir() and not folder.suffix]
    sizes = {folder: disk_usage(folder) for folder in sorted(there, key=lambda folder: folder.stat().st_mtime)}
    total = sum(sizes.values())
    for folder, size in sizes.items():
        if total <= limit:
            return
        with _lock_of(folder).open("a") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leaving = folder.with_suffix(".partial")  # what is removed half-way is no environment
            remove_marked(leaving)
            make_marked(leaving)
            folder.rename(leaving / "environment")
            remove_marked(leaving)
            total -= size


def _make(
    plan: BuildPlan, base: Path, environment: Path, scratch: Path, provider: SandboxProvider, *, offline: bool
) -> None:
    cache = home.cache_home() / f"uv-{provider.name}"  # what one backend writes, another may not be able to read
    cache.mkdir(parents=True, exist_ok=True)
    workspace = scratch / "repo"
    copy_tree(base, workspace)
    settings, certificates = _network_settings()
    variables = {"UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
    limits = Limits(disk_bytes=_DISK_BYTES)
    building = SandboxSpec(workspace, mounts=(*plan.mounts, Mount(environment, "/env", writable=True)), limits=limits)
    # The cache is shared by all projects: only fetching, which runs no code of theirs, may write it.
    extra = (Mount(cache, "/cache", writable=True), *certificates)
    fetching = replace(building, mounts=(*building.mounts, *extra), network=not offline)
    fetch_variables = {**variables, **settings, "UV_CACHE_DIR": "/cache"} | ({"UV_OFFLINE": "1"} if offline else {})
    for argv in plan.fetch:
        _check(_run(argv, fetching, fetch_variables, provider), argv, offline=offline)
    for argv in plan.build:
        built = _run(argv, building, variables, provider)
        if not _succeeded(built):
            for other in plan.fallback:
                _check(_run(other, building, variables, provider), other, offline=offline)
            (environment / NOT_BUILT).write_text(_said(built))
            break
    known = set(iter_files(base))
    for path in iter_files(workspace):
        if path not in known and not path.startswith(_NOT_KEPT) and "__pycache__" not in path:
            target = environment / GENERATED / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(workspace / path, target)


def _network_settings() -> tuple[dict[str, str], tuple[Mount, ...]]:
    settings = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_FETCH_PREFIXES) or name in _FETCH_NAMES or name in _CERTIFICATES
    }
    if "PIP_INDEX_URL" in os.environ:
        settings.setdefault("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])
    paths = {Path(settings[name]) for name in _CERTIFICATES if name in settings}
    return settings, tuple(Mount(path, str(path)) for path in sorted(paths) if path.exists())


def _run(
    argv: tuple[str, ...], spec: SandboxSpec, variables: Mapping[str, str], provider: SandboxProvider
) -> CommandResult:
    sandbox = provider.open(spec)
    try:
        return sandbox.run(Command(argv, _STEP_TIMEOUT_S, env=variables))
    finally:
        sandbox.close()


def _succeeded(result: CommandResult) -> bool:
    return result.ending is Ending.EXITED and result.exit_code == 0


def _said(result: CommandResult) -> str:
    text = result.stderr.decode(errors="replace").strip() or result.stdout.decode(errors="replace").strip()
    return text[-_MAX_SAID:]


def _check(result: CommandResult, argv: tuple[str, ...], *, offline: bool) -> None:
    if _succeeded(result):
        return
    step = " ".join(Path(part).name if number == 0 else part for number, part in enumerate(argv))
    how = f"exit code {result.exit_code}" if result.ending is Ending.EXITED else str(result.ending)
    hint = "--offline was given: run once without it" if offline else "check the requirement, the index and the network"
    raise InfraError(f"the environment cannot be made ({how}): {step}\n{_said(result)}\n{hint}")
