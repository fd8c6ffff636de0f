"""No sandbox at all: commands run on the host, as the controller's own user.

For repositories whose code one would run anyway, and only where asked for by name. Files, network, processes and memory
are open to the command; of `Limits` only `output_bytes` and `disk_bytes` hold, and a process that leaves its session
outlives its end.

Nothing is mounted, so paths are translated: wherever an argument or the value of a variable starts with `/repo`, `/env`
or the target of a mount, at its own start or after a `=` or `:` (`--junitxml=/out/x`, `PYTHONPATH=/repo/src:/env`),
and a `/`, a `:` or the end follows, the host's path takes its place. Paths in files and in code are not translated.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sandbox.hosted import HostedProvider, HostedSandbox
from sandbox.layout import ENVIRONMENT
from sandbox.model import ENV, REPO
from sandbox.process import Child
from sandbox.quota import DiskQuota

if TYPE_CHECKING:
    from sandbox.model import Command, SandboxSpec
    from sandbox.process import Spawner

__all__ = ["LocalProvider"]


class LocalProvider(HostedProvider):
    """Runs commands on the host without any isolation; never chosen unless named."""

    name = "local"

    def open(self, spec: SandboxSpec) -> LocalSandbox:
        """A pretended sandbox for `spec`, whose `network` and `read_only` are not enforced."""
        return LocalSandbox(self, spec)


class LocalSandbox(HostedSandbox):
    """Each command runs in a session of its own, in the workspace."""

    def __init__(self, provider: LocalProvider, spec: SandboxSpec) -> None:
        super().__init__(provider, spec)
        self._places = {REPO: spec.workspace, **({ENV: spec.environment} if spec.environment is not None else {})}
        self._places |= {mount.target: mount.source for mount in spec.mounts}
        targets = "|".join(re.escape(target) for target in sorted(self._places, key=len, reverse=True))
        self._pattern = re.compile(rf"(^|[=:])({targets})(?=[/:]|$)")

    def start(self, spawner: Spawner, command: Command, *, lasting: bool) -> Child:
        """Start the command through a shell, which answers 127 where it is not found, as in the other backends."""
        missing = [str(place) for place in self._places.values() if not place.exists()]
        if missing:
            raise FileNotFoundError(f"a mount's source is missing: {', '.join(missing)}")
        env = {key: self.translate(value) for key, value in {**ENVIRONMENT, **command.env}.items()}
        popen = spawner.start(
            ("/bin/sh", "-c", 'exec "$@"', "sh", *map(self.translate, command.argv)),
            env=env,
            cwd=self.translate(self.spec.cwd),
            stdin=lasting or bool(command.stdin),
        )
        return Child(
            popen,
            output_bytes=self.spec.limits.output_bytes,
            stdout_bytes=command.stdout_bytes,
            timeout_s=command.timeout_s,
            quota=DiskQuota.of(self.spec),
        )

    def translate(self, text: str) -> str:
        """`text` with the sandbox's paths replaced by the host's."""
        return self._pattern.sub(lambda match: match[1] + os.fspath(self._places[match[2]]), text)
