"""Running untrusted commands: backends, workspaces and limits. Knows nothing about tests, patches or planners."""

from sandbox.bubblewrap import BubblewrapProvider
from sandbox.choose import choose
from sandbox.errors import NotMarked, SandboxError, SandboxFailed, SandboxUnavailable, UnsafePath
from sandbox.local import LocalProvider
from sandbox.model import (
    ENV,
    REPO,
    Command,
    CommandResult,
    Ending,
    Limits,
    Mount,
    Process,
    Sandbox,
    SandboxProvider,
    SandboxSpec,
    Service,
)
from sandbox.quota import disk_usage
from sandbox.scratch import (
    MARK,
    discard,
    is_marked,
    make_marked,
    making,
    mark,
    remove_marked,
    remove_unfinished,
    scratch_folder,
)
from sandbox.workspace import (
    copy_files,
    copy_tree,
    iter_files,
    read_beneath,
    remove_beneath,
    remove_tree,
    replace_beneath,
    write_beneath,
)

__all__ = [
    "ENV",
    "MARK",
    "REPO",
    "BubblewrapProvider",
    "Command",
    "CommandResult",
    "Ending",
    "Limits",
    "LocalProvider",
    "Mount",
    "NotMarked",
    "Process",
    "Sandbox",
    "SandboxError",
    "SandboxFailed",
    "SandboxProvider",
    "SandboxSpec",
    "SandboxUnavailable",
    "Service",
    "UnsafePath",
    "choose",
    "copy_files",
    "copy_tree",
    "discard",
    "disk_usage",
    "is_marked",
    "iter_files",
    "make_marked",
    "making",
    "mark",
    "read_beneath",
    "remove_beneath",
    "remove_marked",
    "remove_tree",
    "remove_unfinished",
    "replace_beneath",
    "scratch_folder",
    "write_beneath",
]
