"""The Python buildpack: pytest in an environment made by uv."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from posixpath import basename

from packaging.utils import canonicalize_name

from buildpacks.api import (
    API_VERSION,
    AlteredTests,
    BuildpackError,
    BuildPlan,
    Detection,
    PlanOptions,
    RepoView,
    RunRequest,
    RunResult,
    RunSpec,
    WarmRunner,
)
from buildpacks.python import django
from buildpacks.python.altered import altered_tests
from buildpacks.python.building import SITE, build_steps, fallback_steps, source_folders
from buildpacks.python.choices import choose
from buildpacks.python.commands import (
    CONFIGURATIONS,
    command_for,
    configured_files,
    is_known,
    is_test_file,
    options_of,
    split,
    unittest_files,
)
from buildpacks.python.locks import locked_versions
from buildpacks.python.needed import OLDEST_PYTEST, supported
from buildpacks.python.provide import SETTINGS, UV, parsed, provide
from buildpacks.python.pytest_output import PYTEST, case_id, misfit_of
from buildpacks.python.releases import named_releases
from buildpacks.python.requirements import read_needs
from buildpacks.report import report_of
from buildpacks.results import CaseId, CaseResult, SuiteReport
from buildpacks.supplies import Layer, Supplies
from buildpacks.text import escaped, in_any_case, named
from sandbox import Mount

__all__ = ["PythonBuildpack"]

_RUNNER = Path(__file__).parent / "runner"
# Nothing may be imported from the tree. The place of the runner is an argument: `local` has its own paths for mounts.
_START = (
    "import sys; sys.path[0] = '/rfsn'; from importlib import util; place = sys.argv.pop(1); "
    "spec = util.spec_from_file_location('rfsn_runner', place + '/__init__.py', submodule_search_locations=[place]); "
    "sys.modules['rfsn_runner'] = util.module_from_spec(spec); spec.loader.exec_module(sys.modules['rfsn_runner']); "
    "from rfsn_runner.main import main; main()"
)
_PATH = f"{SITE}/bin:/env/bin:/usr/local/bin:/usr/bin:/bin"
_PACKAGING = ("pyproject.toml", "setup.py", "setup.cfg")
_SIGNS = (
    *_PACKAGING,
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "requirements.txt",
    "conftest.py",
    "manage.py",
)

_TESTS = (
    "test_*.py",
    "*_test.py",
    "tests.py",
    "test/",
    "tests/",
    "testcases/",
    "*_tests/",
    "*_testcases/",
)

_CONFIGURATION = (
    # the runner, and everything that it loads
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "tox.toml",
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "noxfile.py",
    ".coveragerc",
    # metadata of packages, which names plugins of pytest, and what every interpreter runs when it starts
    *(in_any_case(f"*{suffix}") for suffix in (".dist-info", ".egg-info", ".egg-link", ".pth")),
    "sitecustomize.py",
    "usercustomize.py",
    # dependencies and their locks
    "requirements*.txt",
    "requirements/",
    "constraints*.txt",
    "Pipfile",
    "*.lock",
    "pylock*.toml",
    "environment*.yml",
    "environment*.yaml",
    ".python-version",
    "uv.toml",
    "pdm.toml",
    "poetry.toml",
    "hatch.toml",
    # continuous integration
    ".github/",
    ".gitlab-ci.yml",
    ".circleci/",
    ".travis.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    ".pre-commit-config.yaml",
    "Makefile",
)


class PythonBuildpack:
    """Python projects whose tests pytest can run."""

    name = "python"
    language = "python"
    image = "python:3.12-slim-bookworm"
    api_version = API_VERSION

    def detect(self, view: RepoView) -> Detection:
        """Sure if the tree or its folders have packaging or pytest files, less sure for Python files alone."""
        signs = tuple(sign for sign in _SIGNS if view.exists(sign))
        if signs:
            return Detection(0.9, signs)
        sources = [path for path in view.files() if path.endswith(".py")]
        if roots := _projects_beneath(sources, view):
            return Detection(0.9, tuple(f"{root}/" for root in roots), roots)
        return Detection(0.5, (f"{len(sources)} Python files",)) if sources else Detection(0.0)

    def runs(self, view: RepoView, command: Sequence[str]) -> bool:
        """Pytest, unittest and Django."""
        del view
        return is_known(command)

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """An environment with pytest, the declared requirements and, if it can be installed, the project itself."""
        site = django.site_for(view, options.test)
        test = site.test if site else command_for(view, options.test)
        needs = read_needs(view)
        chosen = choose(needs.python, named_releases(view), options)
        declared = supported(needs.requirements) if options.packages is None else _exact(options.packages, "packages")
        oldest = OLDEST_PYTEST if options.as_of else "pytest"
        pytest = () if options.packages is not None else (oldest, *(django.PACKAGES if site else ()))
        settings = {django.SETTINGS: site.settings} if site else {}
        added = _exact(options.added, "--with")
        given = (*(options.packages or ()), *added)
        build = build_steps(view, needs.packages, chosen.release, options)
        lock, locked = locked_versions(view) if chosen.locks and options.packages is None else ("", ())
        return BuildPlan(
            pack=self.name,
            requirements=tuple(dict.fromkeys((*pytest, *declared, *added, *_further(needs.build, given)))),
            build=build,
            fallback=fallback_steps(options),
            test=test,
            env={_SEED: _FIXED, _BYTECODE: "1", "PATH": _PATH, **settings, **options.env},
            mounts=(*chosen.mounts, Mount(_uv_binary(), UV)),
            platform=(f"api {API_VERSION}", f"uv {version('uv')}", options.image, chosen.python),
            description=chosen.description
            + (f", versions of {lock} if they can be had" if lock else "")
            + named("not fetched", needs.left_out),
            own=needs.own if build else (),
            added=tuple(added),
            as_of=options.as_of,
            locked=_without(locked, added),
            others=chosen.others,
            settings=SETTINGS,
            in_place={"PYTHONPATH": ":".join(source_folders(options))},
        )

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """Wheels by their hashes, in a virtual environment."""
        return provide(plan, supplies, building=building)

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The plan's command through the cold runner, which gets its options and the key from standard input."""
        arguments, module = split(plan.test)
        whole = (*arguments, *_QUIET)
        # An escaped id may differ from pytest's own, which then would not accept it as an argument.
        unsure = [id for id in request.ids if "\\" in id]
        if request.ids:
            # With a folder before it, no id is an option.
            named = (id if not id.startswith("-") else f"./{id}" for id in request.ids if id not in unsure)
            arguments = (*options_of(arguments), *named)
        watched = {
            id: [(place.path, place.line, place.function) for place in request.watched[id]] for id in request.watched
        }
        job = request.job(
            args=[*arguments, *_QUIET],
            whole=whole,
            unsure=unsure,
            module=module,
            tests=_TESTS,
            watched=watched,
            elsewhere=request.elsewhere,
        )
        env = _elsewhere(plan, request) if request.elsewhere else {}
        return RunSpec(("/env/bin/python", "-c", _START, _RUNNER_MOUNT.target, "cold"), (_RUNNER_MOUNT,), job, env=env)

    def case_id(self, id: str) -> CaseId:
        """The parts of a node id of pytest."""
        return case_id(id)

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        """The cases that the runner reported; if it did not finish, the reason why the tests could not run."""
        report = report_of(request, result, PYTEST)
        return replace(report, misfit=misfit_of(report))

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """The tests, and the configuration of pytest projects."""
        return (*self.tests(view), *_CONFIGURATION)

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """The patterns of pytest and of the project itself, and the tests that only unittest would find."""
        own = (pattern for pattern in configured_files(view) if pattern not in _TESTS)
        return (*_TESTS, *own, *(f"/{escaped(path)}" for path in unittest_files(view)))

    def altered(self, view: RepoView, cases: Sequence[CaseResult], key: bytes) -> AlteredTests:
        """Tests in which an assertion asks for something else."""
        return altered_tests(view, cases, key)

    def warm_runner(self, plan: BuildPlan) -> WarmRunner:
        """The worker of `buildpacks/python/runner/warm.py`."""
        arguments, module = split(plan.test)
        quick = ("-s", "--tb=no", "--assert=plain", *_CACHE)
        options = json.dumps({"args": [*arguments, *quick], "module": module})
        return WarmRunner(
            ("/env/bin/python", "-c", _START, _RUNNER_MOUNT.target, "warm", options), (_RUNNER_MOUNT,), (".py",)
        )


_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_SEED, _FIXED = "PYTHONHASHSEED", "0"
_CACHE = ("-o", "cache_dir=/tmp/pytest-cache")
# A test could print a gigabyte: its output is not repeated in the report of its failure. What can be loaded is run.
_QUIET = ("--show-capture=no", "--continue-on-collection-errors", *_CACHE)
_RUNNER_MOUNT = Mount(_RUNNER, "/rfsn/rfsn_runner")


def _elsewhere(plan: BuildPlan, request: RunRequest) -> dict[str, str]:
    """Variables for another seed of hashes, unless the user chose one, and for bytecode where Python puts it."""
    seed = str(int.from_bytes(request.key[:4])) if plan.env.get(_SEED) == _FIXED else plan.env.get(_SEED, "")
    return {_SEED: seed, _BYTECODE: ""}


def _projects_beneath(sources: Sequence[str], view: RepoView) -> tuple[str, ...]:
    """The topmost folders with a project and tests each, if those contain every test; none if tests are elsewhere too.

    A project that says itself what its test files are called has tests, whatever they are called.
    """
    folders = sorted({path.rpartition("/")[0] for path in view.files() if basename(path) in _PACKAGING})
    roots = [path for path in folders if not any(path.startswith(f"{other}/") for other in folders if other != path)]
    tests = {*unittest_files(view), *(path for path in sources if is_test_file(path))}

    def has_tests(root: str) -> bool:
        configured = (f"{root}/{name}" for name in CONFIGURATIONS)
        named = any(b"python_files" in view.read(path) for path in configured if view.exists(path))
        return named or any(path.startswith(f"{root}/") for path in tests)

    projects = tuple(filter(has_tests, roots))
    inside = all(any(path.startswith(f"{root}/") for root in projects) for path in tests)
    return projects if inside else ()


def _uv_binary() -> Path:
    from uv import find_uv_bin  # noqa: PLC0415  # needed only when a plan is made

    return Path(find_uv_bin())


def _further(build: Sequence[str], given: Sequence[str]) -> list[str]:
    """The requirements of the build, without those that the user gives in another version: a build accepts that."""
    names = {canonicalize_name(requirement.name) for requirement in map(parsed, given) if requirement}
    wanted = [(text, parsed(text)) for text in build]
    return [text for text, requirement in wanted if not requirement or canonicalize_name(requirement.name) not in names]


def _without(locked: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    """The locked versions of all but the packages that the user adds."""
    names = {canonicalize_name(requirement.name) for requirement in map(parsed, added) if requirement}
    return tuple(one for one in locked if canonicalize_name(one.partition("==")[0]) not in names)


def _exact(packages: Sequence[str], origin: str) -> list[str]:
    """The requirements that the user gives by `origin`. Raises `BuildpackError` if one is not a requirement by name."""
    requirements = [(text, parsed(text)) for text in packages]
    if wrong := [text for text, requirement in requirements if requirement is None]:
        raise BuildpackError(f"{origin}: {wrong[0]!r} is not a requirement by name (PEP 508)")
    return [str(requirement) for _, requirement in requirements]
