"""Running what a buildpack asks for while it provides an environment: every step in a sandbox of its own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildpacks import Artifact, BuildPlan, Layer, Settings, Step, StepResult, SupplyError
from buildpacks.supplies import INPUTS, OUTPUTS
from rfsn.machine import home
from rfsn.machine.files import require_room
from rfsn.machine.kept import kept
from rfsn.project.downloads import Downloads, silent
from sandbox import Command, CommandResult, Ending, Limits, Mount, SandboxProvider, SandboxSpec, copy_files, iter_files

__all__ = ["Supplier", "run_step"]

_ENVIRONMENT = "env"
_STEP_TIMEOUT_S = 600.0
_DISK_BYTES = 64 << 30  # packages can take gigabytes
_MAX_OUTPUTS = 4
_MAX_SAID = 2_000
# The host's settings that a step with the network gets besides the plan's own.
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Supplier:
    """The `Supplies` of one plan on one backend; its results are cached and shared by all sessions."""

    def __init__(
        self, plan: BuildPlan, provider: SandboxProvider, *, offline: bool, tell: Callable[[str], None] = silent
    ) -> None:
        """`tell` gets a few words about each step that may take long, before it begins."""
        cache = home.cache_home()
        self._plan = plan
        self._provider = provider
        self._offline = offline
        self._tell = tell
        self._downloads = Downloads(cache / "downloads", plan.settings.indexes, offline=offline, tell=tell)
        self._locks = cache / "locks"
        self._layers = cache / "environments"
        self.made = False
        """Whether an environment was made, so that the caches have grown."""

    def run(self, step: Step) -> StepResult:
        """See `Supplies.run`."""
        with home.working_folder() as folder:
            outputs = folder / "outputs"
            outputs.mkdir()
            result = self._run(step, folder, (Mount(outputs, OUTPUTS, writable=True),))
            return StepResult(result, tuple(self._taken(outputs, step.wanted)) if step.wanted else ())

    def has(self, artifact: Artifact) -> bool:
        """See `Supplies.has`."""
        return self._downloads.has(artifact)

    def remember(self, what: Sequence[str], make: Callable[[], Any], valid: Callable[[Any], bool] | None = None) -> Any:
        """See `Supplies.remember`."""
        path = self._locks / f"{_digest(what)}.json"
        try:
            value = json.loads(path.read_bytes())
        except (OSError, ValueError):
            pass
        else:
            if valid is None or valid(value):
                return value
        value = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        with home.working_folder() as folder:
            (folder / path.name).write_text(json.dumps(value), encoding="utf-8")
            (folder / path.name).rename(path)
        return value

    def layer(self, steps: Sequence[Step]) -> Layer:
        """See `Supplies.layer`."""
        key = _digest((*self._plan.platform, self._provider.name, json.dumps(list(map(_identity, steps)))))

        def make(folder: Path) -> None:
            environment = folder / _ENVIRONMENT
            environment.mkdir()
            for step in steps:
                with home.working_folder() as scratch:
                    result = self._run(step, scratch, (Mount(environment, "/env", writable=True),))
                    require_room(environment)
                if result.ending is not Ending.EXITED or result.exit_code != 0:
                    raise SupplyError(_failure(step, result))

        with kept(self._layers / key, make) as made:
            self.made |= made
        return Layer(key)

    def folder(self, layer: Layer) -> Path:
        """The folder to mount at `/env` for a layer."""
        return self._layers / layer.key / _ENVIRONMENT

    @contextmanager
    def held(self, layer: Layer) -> Iterator[Path]:
        """The folder of a layer, kept from being removed during the block."""

        def gone(_: Path) -> None:
            raise SupplyError("the environment was removed from the cache meanwhile: run again")

        with kept(self._layers / layer.key, gone):
            yield self.folder(layer)

    def _run(self, step: Step, folder: Path, mounts: Sequence[Mount]) -> CommandResult:
        if step.network and self._offline:
            raise SupplyError(
                "the requirements were never resolved on this machine, and --offline was given: run once without it"
            )
        inputs, workspace = folder / "inputs", folder / "repo"
        inputs.mkdir()
        workspace.mkdir()
        self._downloads.give(step.artifacts, inputs)
        if step.about:
            self._tell(step.about)
        for name, content in step.inputs.items():
            (inputs / name).write_bytes(content)
        settings, certificates = _network_settings(self._plan.settings) if step.network else ({}, ())
        spec = SandboxSpec(
            workspace,
            environment=self.folder(step.layer) if step.layer else None,
            mounts=(*self._plan.mounts, Mount(inputs, INPUTS), *certificates, *mounts),
            limits=Limits(disk_bytes=_DISK_BYTES),
            network=step.network,
        )
        return run_step(step.argv, spec, {**settings, **step.env}, self._provider)

    def _taken(self, outputs: Path, wanted: str) -> Iterator[Artifact]:
        """The files that a step left, copied before anything reads them: it may have run a package's code."""
        names = [name for name in iter_files(outputs) if name.endswith(wanted) and "/" not in name][:_MAX_OUTPUTS]
        with home.working_folder() as folder:
            copy_files(outputs, folder, names)
            for name in names:
                with (folder / name).open("rb") as content:
                    yield self._downloads.add(name, content)


def _identity(step: Step) -> list[Any]:
    """What a step depends on besides the plan's platform."""
    known = [step.argv, sorted(step.env.items()), [artifact.sha256 for artifact in step.artifacts]]
    inputs = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(step.inputs.items())}
    return [*known, inputs] if inputs else known


def run_step(
    argv: tuple[str, ...], spec: SandboxSpec, variables: Mapping[str, str], provider: SandboxProvider
) -> CommandResult:
    """Run one command in a sandbox that is opened for it."""
    sandbox = provider.open(spec)
    try:
        return sandbox.run(Command(argv, _STEP_TIMEOUT_S, env=variables))
    finally:
        sandbox.close()


def _network_settings(of_plan: Settings) -> tuple[dict[str, str], tuple[Mount, ...]]:
    settings = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(of_plan.variables) or name in _PROXIES or name in _CERTIFICATES
    }
    for name, synonym in of_plan.synonyms:
        if synonym in os.environ:
            settings.setdefault(name, os.environ[synonym])
    paths = {Path(settings[name]) for name in _CERTIFICATES if name in settings}
    return settings, tuple(Mount(path, str(path)) for path in sorted(paths) if path.exists())


def _failure(step: Step, result: CommandResult) -> str:
    command = " ".join(Path(part).name if number == 0 else part for number, part in enumerate(step.argv))
    how = f"exit code {result.exit_code}" if result.ending is Ending.EXITED else str(result.ending)
    output = (result.stderr.strip() or result.stdout.strip()).decode(errors="replace")
    return f"the environment cannot be made ({how}): {command[:_MAX_SAID]}\n{output[-_MAX_SAID:]}"


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:32]
