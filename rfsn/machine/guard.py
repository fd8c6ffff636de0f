"""The start-up check against shadowed packages: a `gate` from somewhere else could be anybody's."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

__all__ = ["check_packages"]

_PACKAGES = ("planners", "gate", "buildpacks", "sandbox")


def check_packages() -> str | None:
    """Why rfsn must not start: a package of ours does not resolve beside `rfsn`. None if all of them do.

    Nothing is imported to find out: importing the wrong package would already run its code.
    """
    home = Path(__file__).resolve().parents[2]
    for name in _PACKAGES:
        spec = PathFinder.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin != home / name / "__init__.py":
            elsewhere = origin or "nowhere"
            return (
                f"refusing to start: the package {name!r} resolves to {elsewhere}, not beside {home / 'rfsn'}.\n"
                "Another distribution or a file on PYTHONPATH has that name; start the console script 'rfsn' from a "
                "virtual environment of its own."
            )
    return None
