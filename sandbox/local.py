"""No sandbox at all: commands run on the host, as the controller's own user.

For repositories whose code the user would run anyway, and only if chosen by name. Files, network, processes and memory
are open to the command; of `Limits` only `output_bytes` and `disk_bytes` apply, and a process that leaves its session
outlives the command.

Nothing is mounted, so paths are translated: `/repo`, `/env` and the targets of mounts are replaced by the host's paths
at the start of an argument or of a variable's value, or after a `=` or `:` in it (`--junitxml=/out/x`,
`PYTHONPATH=/repo/src:/env`), if a `/`, a `:` or the end follows. Paths in files and in code are not translated.
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
    """Runs commands on the host without any isolation; used only if chosen by name."""

    name = "local"

    def open(self, spec: SandboxSpec) -> LocalSandbox:
        """A mere workspace for `spec`, whose `network` and `read_only` are not enforced."""
        return LocalSandbox(self, spec)


class LocalSandbox(HostedSandbox):
    """Each command runs in its own process session, in the workspace."""

    def __init__(self, provider: LocalProvider, spec: SandboxSpec) -> None:
        super().__init__(provider, spec)
        self._places = {REPO: spec.workspace, **({ENV: spec.environment} if spec.environment is not None else {})}
        self._places |= {mount.target: mount.source for mount in spec.mounts}
        targets = "|".join(re.escape(target) for target in sorted(self._places, key=len, reverse=True))
        self._pattern = re.compile(rf"(^|[=:])({targets})(?=[/:]|$)")

    def start(self, spawner: Spawner, command: Command, *, lasting: bool) -> Child:
        """Start the command through a shell, which returns 127 if it is not found, as in the other backends."""
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
