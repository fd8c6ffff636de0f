"""Plugins of pytest that metadata names: those of what is installed are loaded, those that a tree names are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from buildpacks import BuildpackError, PlanOptions, RunRequest
from buildpacks.python import interpreters
from gate import Change, FileChange
from rfsn.trials.bench import Bench
from rfsn.trials.worker import WarmWorker

METADATA = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"
POINTS = "[pytest11]\nevil = evilplug\n"
EVIL = {
    "evilplug.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item):\n"
    "    outcome = yield\n    if item.name == 'test_wrong':\n        outcome.get_result().outcome = 'passed'\n",
    "evil-1.0.DIST-info/METADATA": METADATA,
    "evil-1.0.DIST-info/entry_points.txt": POINTS,
    "src/evil.egg-info/PKG-INFO": METADATA,
    "src/evil.egg-info/entry_points.txt": POINTS,
}
WRONG = {
    "thing.py": "one = 2\n",
    "test_thing.py": "from thing import one\n\n\ndef test_wrong():\n    assert one == 1\n",
}
PLUGIN = {
    "pyproject.toml": '[project]\nname = "thing"\nversion = "1"\n'
    '[project.entry-points.pytest11]\nthing = "thing.plugin"\n[build-system]\n'
    'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n',
    "src/thing/__init__.py": "",
    "src/thing/plugin.py": "import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n",
    "src/thing.egg-info/PKG-INFO": METADATA.replace("evil", "thing"),
    "src/thing.egg-info/entry_points.txt": "[pytest11]\nthing = thing.plugin\n",
    "tests/test_thing.py": "def test_one(one):\n    assert one == 1\n",
}
RELEASES = [
    (),
    ("3.6", "pytest==3.10.1"),
    pytest.param(("3.7", "pytest==5.4.3"), marks=pytest.mark.thorough),
    pytest.param(("3.9", "pytest==6.2.5"), marks=pytest.mark.thorough),
]


def outcomes(bench: Bench, files: Mapping[str, str]) -> set[str]:
    """The outcomes of the one test with more files, in a cold run and in a warm worker."""
    change = Change({path: FileChange(None, text.encode()) for path, text in files.items()})
    cold = bench.run_tests(RunRequest(canaries=True), 60, change)
    assert all(case.outcome.failing for case in cold.canaries)
    found = {str(case.outcome) for case in cold.cases}
    worker = WarmWorker(bench)
    try:
        return found | {str(trace.outcome) for trace in worker.trace([(case.id, 5.0) for case in cold.cases])}
    finally:
        worker.close()


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_metadata_of_a_patch_names_no_plugin(release: tuple[str, ...], make_bench: Callable[..., Bench]) -> None:
    options = None
    if release:
        try:
            interpreters.asked(release[0])
        except BuildpackError as error:
            pytest.skip(str(error))
        options = PlanOptions(python=release[0], packages=release[1:])
    assert outcomes(make_bench(WRONG, options=options), EVIL) == {"failed"}
    assert outcomes(make_bench(WRONG | EVIL, name="there", options=options), {}) == {"failed"}


def test_a_plugin_that_the_project_installs_is_loaded(make_bench: Callable[..., Bench]) -> None:
    """Its code is in the tree, as is the metadata of some earlier build, and its metadata is in the environment."""
    assert outcomes(make_bench(PLUGIN), {}) == {"passed"}
