"""Which code of the tree belongs to the tests, and which is what they test."""

import fnmatch
import os
from typing import Any, Dict, List, Optional, Sequence

from _pytest.assertion.rewrite import AssertionRewritingHook


class TestSide:
    """Knows the files of tests below `root`.

    They are every conftest.py, those that the patterns match, and those whose asserts pytest rewrites.
    """

    __test__ = False  # its name is no test's

    def __init__(self, root: str, patterns: Sequence[str]) -> None:
        self.root = root.rstrip(os.sep) + os.sep
        self._patterns = patterns

    def inside(self, filename: str) -> bool:
        """Whether a file is in the tree."""
        return filename.startswith(self.root)

    def holds(self, filename: str, names: Optional[Dict[str, Any]] = None) -> bool:
        """Whether a file of the tree is the tests'; `names` are the globals of its module, if they are known."""
        if not self.inside(filename):
            return False
        if isinstance((names or {}).get("__loader__"), AssertionRewritingHook):
            return True
        *folders, name = filename[len(self.root) :].split(os.sep)
        parts: List[str] = [*(f"{folder}/" for folder in folders), name]
        return name == "conftest.py" or any(fnmatch.fnmatch(part, one) for part in parts for one in self._patterns)

    def product(self, filename: str, names: Optional[Dict[str, Any]] = None) -> bool:
        """Whether a file is code of the tree that tests test."""
        return self.inside(filename) and not self.holds(filename, names)
