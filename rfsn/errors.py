"""Errors that a user sees, each with what happened, where, and what to do.

RfsnError
├── UsageError       the request is wrong: an option, a path, a file that cannot be read (exit code 2)
├── InfraError       the machine, the network or a tool failed: it says nothing about the repository (exit code 3)
│   └── StorageError the disk is full: what was done is kept, and can be continued (exit code 3)
└── JournalError     a session folder is damaged, or in use by another controller (exit code 2)
    └── OtherVersion another version of rfsn wrote it, which this one cannot continue (exit code 2)
"""

__all__ = ["InfraError", "JournalError", "OtherVersion", "RfsnError", "StorageError", "UsageError"]


class RfsnError(Exception):
    """Anything that ends a command with a message instead of a result."""


class UsageError(RfsnError):
    """The request cannot be carried out as it is."""


class InfraError(RfsnError):
    """Something around the repair failed, not the repository's tests."""


class StorageError(InfraError):
    """The disk is full, or cannot store what must be on it: the session stops there, and can be resumed."""


class JournalError(RfsnError):
    """A session's journal cannot be trusted or taken over."""


class OtherVersion(JournalError):
    """A session's journal is in the format of another version of rfsn."""
