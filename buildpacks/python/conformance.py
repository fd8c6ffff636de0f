"""What the Python buildpack says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_SOURCE = """def least(a, b):
    if a > b:
        return a
    return b
"""
_TEST = """import pytest

from least import least


@pytest.mark.parametrize(("a", "b", "right"), [(1, 2, 1), (3, 2, 2)])
def test_least(a, b, right):
    assert least(a, b) == right


def test_same():
    assert least(2, 2) == 2


@pytest.mark.skip
def test_later():
    pass
"""
_ID = "test_least.py::"


def _with(body: str, top: str = "") -> dict[str, str]:
    """The source with more in its function, and before it."""
    return {"least.py": top + _SOURCE.replace("b):\n", f"b):\n    {body}\n", 1)}


CONFORMANCE = Conformance(
    files={"pyproject.toml": '[project]\nname = "least"\nversion = "1"\n', "least.py": _SOURCE, "test_least.py": _TEST},
    cases={
        f"{_ID}test_least[1-2-1]": Outcome.FAILED,
        f"{_ID}test_least[3-2-2]": Outcome.FAILED,
        f"{_ID}test_same": Outcome.PASSED,
        f"{_ID}test_later": Outcome.SKIPPED,
    },
    repair={"least.py": _SOURCE.replace(">", "<")},
    hang=_with("while a == b: pass"),
    hanging=f"{_ID}test_same",
    crash=_with("if a == b: __import__('os')._exit(3)"),
    broken={"least.py": _SOURCE.replace("a > b:", "a > b")},
    complaint="least.py",
    empty={"pyproject.toml": '[project]\nname = "least"\nversion = "1"\n', "least.py": _SOURCE},
    test_file="test_least.py",
    forgeries={
        "it exits": _with("__import__('os')._exit(0)"),
        "it exits at import": _with("pass", "import os\nos._exit(0)\n"),
        "it raises SystemExit": _with("raise SystemExit(0)"),
        "it skips": _with("__import__('pytest').skip()"),
        "it is equal to anything": _with("return type('E', (), {'__eq__': lambda s, o: True})()"),
        "it replaces the hook of reports": _with(
            "pass",
            "from _pytest import runner\nrunner.check_interactive_exception = lambda *_: False\n"
            "from _pytest.python import Function\nFunction.runtest = lambda self: None\n",
        ),
        "it kills its parent": _with("__import__('os').kill(__import__('os').getppid(), 9)"),
    },
)
