"""Workspaces as overlays that the controller mounts for a container, and whose files belong to the container's user."""

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

__all__ = ["can_overlay", "give", "overlay"]


def give(roots: Iterable[Path]) -> None:
    """If the controller is root, make the user that commands run as the owner of some trees, to write to them."""
    if os.geteuid() != 0:
        return
    for root in roots:
        for folder, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                path = Path(folder, name)
                if path.lstat().st_uid != USER_ID:
                    os.lchown(path, USER_ID, USER_ID)


def can_overlay(folder: Path) -> bool:
    """Whether the kernel lets us mount an overlay whose upper part is in `folder`."""
    with TemporaryDirectory(prefix="overlay-", dir=folder, ignore_cleanup_errors=True) as name:
        upper, lower, merged = (Path(name, part) for part in ("upper", "lower", "upper.merged"))
        for tree in (upper, lower):
            tree.mkdir()
        try:
            overlay(SandboxSpec(upper, lower=(lower,)), merged)
        except SandboxFailed:
            return False
        unmount_beneath(merged)
        return True


def overlay(spec: SandboxSpec, merged: Path) -> None:
    """Mount the overlay of `spec` at the new folder `merged`. Raises `SandboxFailed` if the kernel refuses."""
    work = overlay_work(spec)
    try:
        for folder in (work, merged):
            folder.mkdir(exist_ok=True)
        mount_overlay(spec.lower, spec.workspace, work, merged)
    except OSError as error:
        raise SandboxFailed(f"the workspace cannot be mounted as an overlay: {error}") from error
