"""Errors of the sandbox layer.

SandboxError
├── SandboxUnavailable   no backend can isolate untrusted code here; states the exact remedy
├── SandboxFailed        a backend broke while in use (an infrastructure failure, never a test failure)
├── NotMarked            a folder is not removed, because rfsn did not create it
└── UnsafePath           a path leaves the workspace, crosses a symlink or is not a regular file
"""

__all__ = ["NotMarked", "SandboxError", "SandboxFailed", "SandboxUnavailable", "UnsafePath"]


class SandboxError(Exception):
    """The base of all errors of the sandbox layer."""


class SandboxUnavailable(SandboxError):
    """No sandbox works on this machine; the message states the remedy."""


class SandboxFailed(SandboxError):
    """The sandbox itself broke, which says nothing about the command that ran inside it."""


class NotMarked(SandboxError):
    """A folder is not removed, because it does not carry rfsn's mark."""


class UnsafePath(SandboxError):
    """A read or write was refused, because the path is not a plain file beneath the root."""
