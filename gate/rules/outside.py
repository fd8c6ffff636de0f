"""A repair starts no process, opens no connection and writes to no descriptor that it did not open."""

from __future__ import annotations

from gate.rules.source import SourceRule

__all__ = ["NoDescriptors", "NoNativeCode", "NoNetwork", "NoProcesses"]


class NoProcesses(SourceRule):
    """Denies starting programs and forking."""

    id = "danger.processes"
    capability = "processes"
    hint = "do it in the process, or call the project's own function that already starts the program"


class NoNetwork(SourceRule):
    """Denies connections in files that did not already make them."""

    id = "danger.network"
    capability = "network"
    hint = "use only what the caller passes in"


class NoDescriptors(SourceRule):
    """Denies writing to open descriptors, which may carry the test runner's results."""

    id = "danger.descriptors"
    capability = "descriptors"
    hint = "open files by name with open()"


class NoNativeCode(SourceRule):
    """Denies calling native code, which no other rule can read."""

    id = "danger.native-code"
    capability = "native-code"
    hint = "use a module of the standard library or of the project"
