"""The installed buildpacks: which of them recognize a tree, and what becomes of a broken one."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial, wraps
from importlib.metadata import EntryPoint
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

from buildpacks import API_VERSION, Buildpack, BuildpackError, Detection, RepoView
from buildpacks.generic import ConfiguredBuildpack, GenericBuildpack, PackSettings
from rfsn.errors import UsageError
from rfsn.machine.log import log
from rfsn.plugins import buildpack_entries
from rfsn.tables import BuildpackConfig

__all__ = ["buildpack_names", "detect_buildpacks", "load_pack"]

_PURE = ("runs", "plan", "focus", "parse", "case_id", "protected", "tests", "warm_runner")
_OFFERED = ("altered",)
"""What a pack need not have."""

_PATTERNS = ("protected", "tests")
_OURS = "rfsn"
_LIMIT_S = 20.0
"""What a pack of others may take for one answer: it reads a tree or a report, and runs nothing."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "cpp": (".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".h", ".hh", ".hpp", ".hxx"),
    "dotnet": (".csproj", ".fsproj", ".vbproj", ".sln", ".slnx"),
    "generic": (),  # it is for commands, and recognizes no tree
    "go": (".go", "go.mod", "go.work"),
    "java": (".java", "pom.xml", ".gradle", ".gradle.kts"),
    "node": ("package.json", ".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"),
    "python": (".py", "pyproject.toml", "setup.cfg", "requirements.txt", "tox.ini", "pytest.ini", "pytest.toml"),
    "rust": (".rs", "Cargo.toml"),
}
"""How the name of a file ends that a pack of ours needs: without one it is not imported, which would take time."""


def buildpack_names() -> list[str]:
    """The buildpacks that are installed, by name, sorted."""
    return [entry.name for entry in buildpack_entries()]


def detect_buildpacks(
    view: RepoView, settings: Mapping[str, BuildpackConfig], command: Sequence[str] | None = None
) -> tuple[tuple[Buildpack, Detection], ...]:
    """The packs that recognize a tree, the most confident first. Raises `UsageError` if none does.

    The `settings` change packs, and make some of their own; the `command` is the one that the user gives for this tree,
    if any: then none has to recognize it. A pack that cannot be loaded, that fails, that does not answer, or that has
    the name of another, is skipped: the log says so, and so does the error if none is left. One that fails later raises
    `UsageError`, which names it. A pack of others takes no language from ours, unless the settings name it.
    """
    detected: dict[str, tuple[Buildpack, Detection]] = {}
    ours: set[str] = set()
    known: list[str] = []
    for entry in buildpack_entries():
        known.append(entry.name)
        if _is_ours(entry) and entry.name not in settings and not _is_possible(entry.name, view):
            continue
        try:
            pack = load_pack(entry, detected)
            found = _checked(pack.detect(view))
            if found.confidence and _is_ours(entry):
                ours.add(pack.language)
            elif pack.language in ours and entry.name not in settings:
                log.info("a buildpack for a language that rfsn knows itself is not used", buildpack=entry.name)
                continue
            detected[pack.name] = _configured(pack, found, view, settings.get(entry.name), command)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises, the others are still asked
            why = _said(error)
            known[-1] += f", which is broken ({why})"
            log.warning("skipped a broken buildpack", buildpack=entry.name, why=why)
    for name in settings.keys() - set(buildpack_names()):
        made = ConfiguredBuildpack(GenericBuildpack(name=name), _settings(settings[name]))
        detected[name] = made, made.detect(view)
    fitting = [(pack, detection) for pack, detection in detected.values() if detection.confidence]
    if not fitting and not command:
        raise UsageError(
            f"no buildpack recognizes this tree (installed: {'; '.join(known) or 'none'}); say how its tests are run: "
            "--test CMD"
        )
    return tuple(sorted(fitting, key=lambda pair: (-pair[1].confidence, pair[0].name)))


def load_pack(entry: EntryPoint, taken: Container[str] = ()) -> Buildpack:
    """The pack of an entry point, guarded. Raises `UsageError`, or whatever it raises itself.

    `taken` are the names of other packs.
    """

    def load() -> Any:
        return entry.load()()

    ours = _is_ours(entry)
    pack = cast("Buildpack", load() if ours else _within(_LIMIT_S, "loading", load))
    if pack.api_version != API_VERSION:
        raise UsageError(f"it uses version {pack.api_version} of the API; rfsn has version {API_VERSION}")
    texts: tuple[Any, ...] = (pack.name, pack.language)
    if not all(isinstance(text, str) and text for text in texts):
        raise UsageError("its name and language must be non-empty strings")
    if pack.name in taken:
        raise UsageError(f"another buildpack has the name {pack.name!r}")
    return _guarded(pack, limited=not ours)


def _is_possible(name: str, view: RepoView) -> bool:
    """Whether a tree has any file of those that a pack of ours needs."""
    return name not in _NEEDED or any(path.endswith(_NEEDED[name]) for path in view.files())


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == _OURS


def _settings(config: BuildpackConfig) -> PackSettings:
    return PackSettings(**config.model_dump(exclude={"image"}))


def _configured(
    pack: Buildpack,
    found: Detection,
    view: RepoView,
    config: BuildpackConfig | None,
    command: Sequence[str] | None,
) -> tuple[Buildpack, Detection]:
    """The pack and what it detects, with the user's settings for it."""
    if config is None:
        return pack, found
    unread = not command and config.test and not pack.runs(view, config.test)
    made = ConfiguredBuildpack(GenericBuildpack(pack, pack.name) if unread else pack, _settings(config))
    return made, made.detect(view)


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


def _guarded(pack: Buildpack, *, limited: bool) -> Buildpack:
    """The pack, of which every failure is a usage error that names it; providing an environment raises its own.

    If it is `limited`, it has to answer in time.
    """
    offered = [name for name in _OFFERED if hasattr(pack, name)]
    names = ("detect", *_PURE, *offered)
    pure = {name: _naming(pack.name, name, getattr(pack, name), limited=limited) for name in names}
    data = {name: getattr(pack, name) for name in ("name", "language", "image", "api_version", "provide")}
    return cast("Buildpack", SimpleNamespace(**data, **pure))


def _naming(name: str, attribute: str, method: Callable[..., Any], *, limited: bool) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            if limited:
                value = _within(_LIMIT_S, attribute, lambda: method(*arguments, **options))
            else:
                value = method(*arguments, **options)
        except BuildpackError:
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(f"the buildpack {name} failed in {attribute}: {_said(error)}") from error
        if attribute in _PATTERNS and not (isinstance(value, tuple) and all(isinstance(one, str) for one in value)):
            raise UsageError(f"the buildpack {name} failed in {attribute}: it must return a tuple of patterns")
        return value

    return call


def _within(seconds: float, what: str, call: Callable[[], Any]) -> Any:
    """What a call returns or raises. Raises `TimeoutError` if it takes longer; it is left alone then."""
    results: list[Callable[[], Any]] = []

    def run() -> None:
        try:
            value = call()
            results.append(lambda: value)
        except BaseException as error:  # noqa: BLE001  # raised again where the call is waited for
            results.append(partial(_raised, error))

    thread = Thread(target=run, name=f"plugin: {what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if not results:
        raise TimeoutError(f"it did not answer within {seconds:g} s")
    return results[0]()


def _raised(error: BaseException) -> Any:
    raise error


def _said(error: BaseException) -> str:
    """An exception in words, whose own text may be broken too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001
        return type(error).__name__
