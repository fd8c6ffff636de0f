"""Whether a tree is a Node.js project, and which of its folders are."""

from __future__ import annotations

from collections.abc import Sequence

from buildpacks.api import BuildpackError, Detection, RepoView
from buildpacks.node.commands import RUNNERS
from buildpacks.node.manifest import MANIFEST, read_manifest, scripts_of, uses
from buildpacks.node.patterns import is_test_file

__all__ = ["detected"]

_SOURCES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_NO_TEST = "no test specified"


def detected(view: RepoView) -> Detection:
    """A project with tests is sure; one without, or files of tests alone, are not."""
    sources = [path for path in view.files() if path.endswith(_SOURCES) and "node_modules" not in path.split("/")]
    tests = [path for path in sources if is_test_file(path)]
    if view.exists(MANIFEST):
        sure = bool(tests) and bool(sources) and _has_tests(view, "", tests)
        return Detection(0.9 if sure else 0.4, (MANIFEST,))
    if roots := _projects_beneath(view, tests):
        return Detection(0.9, tuple(f"{root}/{MANIFEST}" for root in roots), roots)
    if tests:
        return Detection(0.6, (f"{len(tests)} files of tests",))
    return Detection(0.2, (f"{len(sources)} JavaScript files",)) if sources else Detection(0.0)


def _projects_beneath(view: RepoView, tests: Sequence[str]) -> tuple[str, ...]:
    """The topmost folders with a package.json and tests."""
    found = (path.rpartition("/")[0] for path in view.files() if path.endswith(f"/{MANIFEST}"))
    folders = sorted(folder for folder in found if "node_modules" not in folder.split("/"))
    topmost = [one for one in folders if not any(one.startswith(f"{other}/") for other in folders)]
    return tuple(root for root in topmost if _has_tests(view, root, tests))


def _has_tests(view: RepoView, root: str, tests: Sequence[str]) -> bool:
    """Whether the project in a folder has a test script or a runner, and something that it could run."""
    if not any(path.startswith(f"{root}/") or not root for path in tests):
        return False
    try:
        manifest = read_manifest(view, root)
    except BuildpackError:
        return False
    script = scripts_of(manifest).get("test", "")
    runs = bool(script) and _NO_TEST not in script
    plain = "scripts" not in manifest or not script
    return runs or plain or any(uses(manifest, runner) for runner in RUNNERS)
