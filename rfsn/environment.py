"""Environments of repaired projects: made once for each plan, read-only afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from buildpacks import BuildPlan
from rfsn import home
from rfsn.errors import InfraError
from sandbox import (
    Command,
    CommandResult,
    Ending,
    Mount,
    SandboxProvider,
    SandboxSpec,
    copy_tree,
    iter_files,
    remove_tree,
)

__all__ = ["GENERATED", "prepare_environment"]

GENERATED = "generated"
"""Where an environment keeps what a build wrote into the tree: version files, compiled extensions, metadata."""

_NOT_KEPT = ("build/", "dist/")
_STEP_TIMEOUT_S = 600.0
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


def prepare_environment(plan: BuildPlan, base: Path, provider: SandboxProvider, *, offline: bool = False) -> Path:
    """The folder to mount at `/env` for this plan; made now where the cache does not have it.

    `base` is the tree that the build steps see, in a copy; files that they add to it are kept in the environment's
    folder `GENERATED`, for workspaces to have them too. Raises `InfraError` with the step's own words where a
    requirement cannot be had.
    """
    environments = home.cache_home() / "environments"
    environments.mkdir(parents=True, exist_ok=True)
    ready = environments / plan.cache_key
    with (environments / f"{plan.cache_key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            partial = environments / f"{plan.cache_key}.partial"
            remove_tree(partial)
            partial.mkdir()
            _make(plan, base, partial, provider, offline=offline)
            partial.rename(ready)
    return ready


def _make(plan: BuildPlan, base: Path, environment: Path, provider: SandboxProvider, *, offline: bool) -> None:
    cache = home.cache_home() / "uv"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rfsn-build-") as scratch:
        workspace = Path(scratch) / "repo"
        copy_tree(base, workspace)
        mounts = (*plan.mounts, Mount(environment, "/env", writable=True), Mount(cache, "/cache", writable=True))
        variables = {"UV_CACHE_DIR": "/cache", "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
        if offline:
            variables["UV_OFFLINE"] = "1"
        settings, certificates = _network_settings()
        steps = [(argv, True) for argv in plan.fetch] + [(argv, False) for argv in plan.build]
        for argv, fetching in steps:
            network = fetching and not offline
            spec = SandboxSpec(workspace, mounts=(*mounts, *certificates) if network else mounts, network=network)
            sandbox = provider.open(spec)
            try:
                env = {**variables, **settings} if network else variables
                _check(sandbox.run(Command(argv, _STEP_TIMEOUT_S, env=env)), argv, offline=offline)
            finally:
                sandbox.close()
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


def _check(result: CommandResult, argv: tuple[str, ...], *, offline: bool) -> None:
    if result.ending is Ending.EXITED and result.exit_code == 0:
        return
    said = result.stderr.decode(errors="replace").strip() or result.stdout.decode(errors="replace").strip()
    step = " ".join(Path(part).name if number == 0 else part for number, part in enumerate(argv))
    how = f"exit code {result.exit_code}" if result.ending is Ending.EXITED else str(result.ending)
    hint = "--offline was given: run once without it" if offline else "check the requirement, the index and the network"
    raise InfraError(f"the environment cannot be made ({how}): {step}\n{said[-2000:]}\n{hint}")
