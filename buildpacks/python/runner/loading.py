"""Why a file of tests, or a conftest.py, could not be loaded: the error behind pytest's own, and where it is."""

import difflib
import os
import pkgutil
import sys
import types
from typing import Any, List, Optional, Tuple

import pytest

from .misfits import is_misfit
from .trace import frames_of, words_of

Frames = List[Tuple[str, int, str]]

_MODULE = "<module>"
_ALIKE = 0.75
"""How much like a module's name another one must be to be a misspelling of it."""


def reason_of(error: BaseException, root: str) -> Tuple[str, Frames, bool]:
    """What went wrong, as Python words it, and the frames in the tree, the faulty place last; and if it is a misfit.

    There are no frames if the environment is at fault: it lacks a package.
    """
    cause = _cause(error)
    misfit = is_misfit(cause, root)
    frames = frames_of(cause.__traceback__, root)
    place = _place(cause)
    root = root.rstrip("/") + "/"
    inside = place is not None and place[0].startswith(root)
    if place and inside:
        frames.append((place[0][len(root) :], place[1], _MODULE))
    message = words_of(cause)
    if isinstance(cause, SyntaxError):
        where = "" if inside or not place else "{}, line {}: ".format(*place)
        message = f"{where}{type(cause).__name__}: {cause.msg}"
    if _lacks_package(cause):
        return message + (" ({}, line {})".format(*frames[-1]) if frames else ""), [], misfit
    return message, frames, misfit


def _cause(error: BaseException) -> BaseException:
    """The error that pytest reports by one of its own."""
    while isinstance(error, pytest.Collector.CollectError) and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__ or error
    raised = getattr(error, "cause", None)  # of a conftest.py
    if isinstance(raised, BaseException):
        return raised
    raised = getattr(error, "excinfo", None)  # the same before pytest 8.1
    return raised[1] if isinstance(raised, tuple) else error


def _place(error: BaseException) -> Optional[Tuple[str, int]]:
    """The file and line that an error names besides its frames: what does not parse, or lacks a name."""
    if isinstance(error, SyntaxError):
        return (error.filename, error.lineno or 1) if error.filename else None
    module: Any = None
    if isinstance(error, ImportError):
        module = sys.modules.get(error.name or "")
        file = error.path or getattr(module, "__file__", None)
        return (file, 1) if file and not isinstance(error, ModuleNotFoundError) else None
    if isinstance(error, AttributeError):
        words = str(error).split("'")
        module = sys.modules.get(words[1]) if words[0].endswith("module ") and len(words) > 1 else None
    file = getattr(module, "__file__", None)
    return (file, 1) if isinstance(module, types.ModuleType) and file else None


def _lacks_package(error: BaseException) -> bool:
    """Whether a module is missing whose name is not like that of any module that is there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return False
    top = error.name.partition(".")[0]
    there = {module.name for module in pkgutil.iter_modules()} | set(sys.builtin_module_names)
    return not difflib.get_close_matches(top, there, 1, _ALIKE)


def folder_of(path: str, root: str) -> str:
    """The folder of a file, as pytest would write it in an id; the root is `.`."""
    return os.path.relpath(os.path.dirname(path), root)
