"""What pytest's output says of a run that could not be made."""

import pytest

from buildpacks.python.pytest_output import PYTEST
from sandbox import CommandResult, Ending

PLUGIN = b"""\
Error while loading plugin "pytest11".
pluggy._manager.PluginValidationError: Plugin 'flake8' for hook 'pytest_collect_file'
hookimpl definition: pytest_collect_file(file_path, path, parent)
"""
INTERNAL = b"INTERNALERROR>     hook()\nINTERNALERROR> ValueError: no such marker\n"


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        (PLUGIN, "pluggy._manager.PluginValidationError: Plugin 'flake8' for hook 'pytest_collect_file'"),
        (INTERNAL, "INTERNALERROR> ValueError: no such marker"),
        (b"ImportError while loading conftest '/repo/conftest.py'.\nE   KeyError: 'x'\n", "E   KeyError: 'x'"),
        (b"ERROR: file or directory not found: checks\n", "ERROR: file or directory not found: checks"),
        (b"an Error: of a program's own\n", ""),
    ],
)
def test_the_line_that_names_the_error(stderr: bytes, error: str) -> None:
    assert PYTEST.error(CommandResult(3, b"", stderr, 1.0, 0.5, Ending.EXITED)) == error
