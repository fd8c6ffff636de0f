"""A repair starts no process, opens no connection and writes to no descriptor that it did not open."""

from __future__ import annotations

from gate.rules.source import SourceRule

__all__ = ["NoDescriptors", "NoNativeCode", "NoNetwork", "NoProcesses"]


class NoProcesses(SourceRule):
    """Denies starting programs and forking."""

    id = "danger.processes"
    hint = "do it in the process, or use the function of the project that already starts the program"


class NoNetwork(SourceRule):
    """Denies connections, in files that had none."""

    id = "danger.network"
    hint = "work on what the caller gives"


class NoDescriptors(SourceRule):
    """Denies writing to open descriptors, where results of the test runner may pass."""

    id = "danger.descriptors"
    hint = "open files by their names with open()"


class NoNativeCode(SourceRule):
    """Denies calling native code, which no other rule can read."""

    id = "danger.native-code"
    hint = "use a module of the standard library or of the project"
