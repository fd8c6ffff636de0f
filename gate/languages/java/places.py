"""Files that a Java program uses because of where they are: providers of services, and classes of other packages."""

from __future__ import annotations

import re

from gate.languages.api import Tree
from gate.patch import Change

__all__ = ["JavaPlaces"]

_STARTUP = re.compile(r"(?:^|/)META-INF/(?:services/|MANIFEST\.MF$)")
_FOREIGN = re.compile(
    r"(?:^|^src/|/(?:java|src)/)((?:java|javax|jdk|sun|com/sun|org/junit|junit|org/assertj|org/hamcrest|org/mockito|org/testng|org/opentest4j"
    r"|com/google/common/truth|org/apache/maven/surefire)/(?:\w+/)*\w+)\.java$"
)
_SIMPLE_NAMES = frozenset({
    "AssertionError", "Boolean", "Byte", "Character",
    "CharSequence", "Class", "ClassLoader", "Comparable", "Double", "Enum", "Error", "Exception", "Float",
    "Integer", "Iterable", "Long", "Math", "Number", "Object", "Override", "Process", "Record", "Runtime",
    "RuntimeException", "Short", "StackTraceElement", "StrictMath", "String", "StringBuffer", "StringBuilder",
    "System", "Thread", "ThreadLocal", "Throwable", "Void",
})  # fmt: skip
_FRAMEWORK = frozenset({"After", "Assert", "Assertions", "Assume", "Assumptions", "Before", "Rule", "Test", "TestCase"})
_PROPERTIES = frozenset({"junit-platform.properties", "mockito-extensions"})


class JavaPlaces:
    """A class of a package that is not the project's own is found before the one in a library."""

    def runs_at_start(self, path: str) -> bool:
        """Whether a program or a test runner loads what the file names."""
        return bool(_STARTUP.search(path)) or not _PROPERTIES.isdisjoint(path.split("/"))

    def shadowed(self, path: str, change: Change, tree: Tree) -> str | None:
        """The class of the language or of a test framework that a new file would shadow, if any.

        One of the same package is found before those of `java.lang` and of imports with an asterisk.
        """
        del change
        folder, _, file = path.rpartition("/")
        name, package = file.removesuffix(".java"), folder.rpartition("/java/")[2]
        tested = name in _FRAMEWORK and any(f"test/java/{package}" in known for known in tree.base.folders)
        if (name in _SIMPLE_NAMES or tested) and path not in tree.base.files:
            return name
        found = _FOREIGN.search(path)
        if found is None or path.rpartition("/")[0] in tree.base.folders:
            return None
        return found[1].replace("/", ".")
