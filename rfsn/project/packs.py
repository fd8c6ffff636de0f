"""The installed buildpacks: which of them recognize a tree, and what becomes of a broken one."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import wraps
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any, cast

import structlog

from buildpacks import API_VERSION, Buildpack, BuildpackError, Detection, RepoView
from rfsn.errors import UsageError
from rfsn.plugins import buildpack_entries

__all__ = ["buildpack_names", "detect_buildpacks"]

_PURE = ("plan", "focus", "parse", "case_id", "protected", "tests", "warm_runner")
_PATTERNS = ("protected", "tests")
_log = structlog.get_logger("rfsn")


def buildpack_names() -> list[str]:
    """The buildpacks that are installed, by name, sorted."""
    return [entry.name for entry in buildpack_entries()]


def detect_buildpacks(view: RepoView) -> tuple[tuple[Buildpack, Detection], ...]:
    """The packs that recognize a tree, the most confident first. Raises `UsageError` if none does.

    A pack that cannot be loaded, that fails, or that has the name of another, is skipped: the log says so, and so does
    the error if none is left. One that fails later raises `UsageError`, which names it.
    """
    detected: dict[str, tuple[Buildpack, Detection]] = {}
    known: list[str] = []
    for entry in buildpack_entries():
        known.append(entry.name)
        try:
            pack = _loaded(entry, detected)
            detected[pack.name] = _guarded(pack), _checked(pack.detect(view))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises, the others are still asked
            why = _said(error)
            known[-1] += f", which is broken ({why})"
            _log.warning("skipped a broken buildpack", buildpack=entry.name, why=why)
    fitting = [(pack, detection) for pack, detection in detected.values() if detection.confidence]
    if not fitting:
        raise UsageError(f"no buildpack recognizes this tree (installed: {'; '.join(known) or 'none'})")
    return tuple(sorted(fitting, key=lambda pair: (-pair[1].confidence, pair[0].name)))


def _loaded(entry: EntryPoint, taken: Container[str]) -> Buildpack:
    pack = cast("Buildpack", entry.load()())
    if pack.api_version != API_VERSION:
        raise UsageError(f"it uses version {pack.api_version} of the API; rfsn has version {API_VERSION}")
    texts: tuple[Any, ...] = (pack.name, pack.language)
    if not all(isinstance(text, str) and text for text in texts):
        raise UsageError("its name and language must be non-empty strings")
    if pack.name in taken:
        raise UsageError(f"another buildpack has the name {pack.name!r}")
    return pack


def _checked(detection: Any) -> Detection:
    """The detection, if nothing in it could do harm elsewhere; raises `UsageError` for any other."""
    if not (isinstance(detection, Detection) and 0 <= detection.confidence <= 1):
        raise UsageError("what it detects must be a Detection with a confidence from 0 to 1")
    roots: Any = detection.roots
    if not roots or not isinstance(roots, tuple) or not all(map(_is_folder, roots)):
        raise UsageError("the roots that it detects must be a tuple of folders of the tree")
    return detection


def _is_folder(root: Any) -> bool:
    return isinstance(root, str) and (not root or not {"", ".", ".."} & {*root.split("/")})


def _guarded(pack: Buildpack) -> Buildpack:
    """The pack, of which every failure is a usage error that names it; providing an environment raises its own."""
    pure = {name: _naming(pack.name, name, getattr(pack, name)) for name in _PURE}
    data = {name: getattr(pack, name) for name in ("name", "language", "image", "api_version", "provide")}
    return cast("Buildpack", SimpleNamespace(**data, **pure))


def _naming(name: str, attribute: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            value = method(*arguments, **options)
        except BuildpackError:
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(f"the buildpack {name} failed in {attribute}: {_said(error)}") from error
        if attribute in _PATTERNS and not (isinstance(value, tuple) and all(isinstance(one, str) for one in value)):
            raise UsageError(f"the buildpack {name} failed in {attribute}: it must return a tuple of patterns")
        return value

    return call


def _said(error: BaseException) -> str:
    """An exception in words, whose own text may be broken too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001
        return type(error).__name__
