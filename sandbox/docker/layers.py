"""Workspaces as layers that the controller mounts for a container, and whose files belong to the container's user."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.docker.container import USER_ID
from sandbox.errors import SandboxFailed
from sandbox.layout import overlay_work
from sandbox.model import SandboxSpec
from sandbox.mounts import mount_overlay, unmount_beneath

__all__ = ["can_overlay", "give", "layer"]


def give(roots: Iterable[Path]) -> None:
    """Where the controller is root: give trees to the user that commands run as, to be written."""
    if os.geteuid() != 0:
        return
    for root in roots:
        for folder, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                path = Path(folder, name)
                if path.lstat().st_uid != USER_ID:
                    os.lchown(path, USER_ID, USER_ID)


def can_overlay(folder: Path) -> bool:
    """Whether the kernel lets us mount a layer whose upper part is in `folder`."""
    with TemporaryDirectory(prefix="overlay-", dir=folder, ignore_cleanup_errors=True) as name:
        upper, lower, merged = (Path(name, part) for part in ("upper", "lower", "upper.merged"))
        for tree in (upper, lower):
            tree.mkdir()
        try:
            layer(SandboxSpec(upper, lower=(lower,)), merged)
        except SandboxFailed:
            return False
        unmount_beneath(merged)
        return True


def layer(spec: SandboxSpec, merged: Path) -> None:
    """Mount the layers of `spec` at the new folder `merged`. Raises `SandboxFailed` where the kernel will not."""
    work = overlay_work(spec)
    try:
        for folder in (work, merged):
            folder.mkdir(exist_ok=True)
        mount_overlay(spec.lower, spec.workspace, work, merged)
    except OSError as error:
        raise SandboxFailed(f"the workspace cannot be layered: {error}") from error
