"""Plugins of pytest come from what is installed: metadata in the tree, which a patch could bring, names none."""

import contextlib
import importlib
import os
from typing import Any, Callable

import pytest

_GROUP = "pytest11"
_SOURCES = ("importlib.metadata", "importlib_metadata")  # the standard library's since 3.8, and what pluggy used before
_READS_METADATA = 5  # pytest before this release may ask pkg_resources, which looks at the path when it is imported


def only_installed_plugins(root: str) -> None:
    """Hide the plugins that metadata below `root` names. Call this before the tree is on the path.

    A plugin whose code is in the tree is loaded all the same, if it is installed: its metadata lies elsewhere then.
    """
    root = os.path.realpath(root) + os.sep
    for name in _SOURCES:
        with contextlib.suppress(ImportError):
            distribution: Any = importlib.import_module(name).Distribution
            distribution.entry_points = property(_without_plugins(distribution.entry_points.fget, root))
    if int(pytest.__version__.partition(".")[0]) < _READS_METADATA:
        with contextlib.suppress(ImportError):
            importlib.import_module("pkg_resources")


def _without_plugins(read: Callable[[Any], Any], root: str) -> Callable[[Any], Any]:
    def entry_points(distribution: Any) -> Any:
        points = read(distribution)
        place = os.path.realpath(str(distribution.locate_file(""))) + os.sep
        if not place.startswith(root):
            return points
        return type(points)([point for point in points if point.group != _GROUP])

    return entry_points
