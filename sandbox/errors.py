"""Errors of the sandbox layer.

SandboxError
├── SandboxUnavailable   no backend can hold untrusted code here; says the exact remedy
├── SandboxFailed        a backend broke while in use (an infrastructure failure, never a test failure)
├── NotMarked            a folder that would be removed is none that rfsn made
└── UnsafePath           a path leaves the workspace, crosses a symlink or is no regular file
"""

__all__ = ["NotMarked", "SandboxError", "SandboxFailed", "SandboxUnavailable", "UnsafePath"]


class SandboxError(Exception):
    """Anything that went wrong in the sandbox layer."""


class SandboxUnavailable(SandboxError):
    """No sandbox can be had on this machine; the message names the remedy."""


class SandboxFailed(SandboxError):
    """The sandbox itself broke: what ran inside it has said nothing."""


class NotMarked(SandboxError):
    """A folder is not removed: it does not carry the mark of those that are made for it."""


class UnsafePath(SandboxError):
    """A read or write was refused because its path is not a plain file beneath the root."""
