"""The Python buildpack: pytest in an environment made by uv."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from buildpacks.api import (
    API_VERSION,
    NO_TESTS,
    BuildpackError,
    BuildPlan,
    Detection,
    Outcome,
    PlanOptions,
    RepoView,
    RunRequest,
    RunSpec,
    SuiteReport,
    WarmRunner,
)
from buildpacks.python import interpreters
from buildpacks.python.commands import command_for, options_of, split, unittest_files
from buildpacks.python.provide import UV, parsed, provide
from buildpacks.python.requirements import Needs, read_needs
from buildpacks.records import RecordError, Records, read_records
from buildpacks.supplies import PROJECT, Layer, Supplies
from sandbox import CommandResult, Ending, Mount

__all__ = ["PythonBuildpack"]

_RUNNER = Path(__file__).parent / "runner"
# Nothing may be imported from the tree, and the runner is wherever its mount is: `local` has its own paths for mounts.
_START = (
    "import sys; sys.path[0] = '/rfsn'; from importlib import util; place = sys.argv.pop(1); "
    "spec = util.spec_from_file_location('rfsn_runner', place + '/__init__.py', submodule_search_locations=[place]); "
    "sys.modules['rfsn_runner'] = util.module_from_spec(spec); spec.loader.exec_module(sys.modules['rfsn_runner']); "
    "from rfsn_runner.main import main; main()"
)
_SITE = f"{PROJECT}/site"
_PUT_ON_PATH = (
    "import pathlib, sys; site = pathlib.Path(sys.argv[1]); site.mkdir(); "
    "(site / 'rfsn-tree.pth').write_text('/repo\\n/repo/src\\n')"
)
_PATH = f"{_SITE}/bin:/env/bin:/usr/local/bin:/usr/bin:/bin"
_SIGNS = ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", "requirements.txt", "conftest.py")
_NOTHING = Records((), (), None)
_REFUSED = re.compile(r"^\S*: error: (.*)$", re.MULTILINE)
_SYNTAX_ERROR_AT = re.compile(r"^E\s+File \"(?:/repo/)?(.+)\", line (\d+)", re.MULTILINE)
_SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
_NO_TESTS = 5
_USAGE_ERROR = 4
_MAX_NAMED = 5

# How builds that ask git for their version are told it: setuptools_scm and hatch-vcs, pdm, Poetry, pbr.
_VERSION_VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "PBR_VERSION",
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
    # of the runner and of everything that it loads
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
    """Detects, plans and reads Python projects whose tests pytest runs."""

    name = "python"
    image = "python:3.12-slim-bookworm"
    api_version = API_VERSION

    def detect(self, view: RepoView) -> Detection:
        """Sure where the tree has packaging or pytest files, less so for bare Python files."""
        signs = tuple(sign for sign in _SIGNS if view.exists(sign))
        if signs:
            return Detection(0.9, signs)
        sources = [path for path in view.files() if path.endswith(".py")]
        return Detection(0.5, (f"{len(sources)} Python files",)) if sources else Detection(0.0)

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """An environment with pytest, the declared requirements and, where it can be installed, the project itself."""
        test = command_for(view, options.test)
        needs = read_needs(view)
        python, mounts, description = _interpreter(needs.python, options.image)
        declared = ("pytest", *needs.requirements) if options.packages is None else _exact(options.packages)
        versions = [f"{name}={options.version or '0.0.0'}" for name in _VERSION_VARIABLES]
        install = (UV, "pip", "install", "--offline", "--no-config", "--no-deps", "--no-build-isolation")
        editables = [part for path in needs.packages for part in ("--editable", f"/repo/{path}".removesuffix("/."))]
        place = ("--python", "/env/bin/python", "--target", _SITE)
        return BuildPlan(
            pack=self.name,
            requirements=tuple(dict.fromkeys((*declared, *needs.build))),
            build=(("env", *versions, *install, *place, *editables),) if editables else (),
            fallback=(("/env/bin/python", "-c", _PUT_ON_PATH, _SITE),),
            test=test,
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": _PATH, **options.env},
            mounts=(*mounts, Mount(_uv_binary(), UV)),
            platform=(f"api {API_VERSION}", f"uv {version('uv')}", options.image, python),
            description=description + _left_out(needs),
            own=needs.own if editables else (),
        )

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """Wheels by their hashes, in a virtual environment."""
        return provide(plan, supplies, building=building)

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The plan's command through the cold runner, which gets its options and the key from standard input."""
        arguments, module = split(plan.test)
        # An id that is spelled differently from what pytest calls the test would be none of its arguments.
        unsure = [id for id in request.ids if "\\" in id]
        if request.ids:
            arguments = (*options_of(arguments), *(id for id in request.ids if id not in unsure))
        options = {
            "args": [*arguments, *_QUIET],
            "chosen": request.ids if unsure else (),
            "unsure": unsure,
            "module": module,
            "case_limit_s": request.case_limit_s,
            "hang_budget_s": request.hang_budget_s,
            "limits": dict(request.limits),
            "canaries": request.canaries,
            "key": request.key.hex(),
        }
        return RunSpec(
            ("/env/bin/python", "-c", _START, _RUNNER_MOUNT.target, "cold"),
            (_RUNNER_MOUNT,),
            json.dumps(options).encode(),
        )

    def parse(self, request: RunRequest, result: CommandResult) -> SuiteReport:
        """The cases that the runner told of; where it came to no end, the reason why the tests could not run."""

        def report(records: Records = _NOTHING, problem: str = "", *, forged: bool = False) -> SuiteReport:
            ended = records.end is not None or result.exit_code == _USAGE_ERROR
            return SuiteReport(
                records.cases,
                result.exit_code,
                result.duration_s,
                problem=problem,
                crashed=result.ending is Ending.EXITED and not ended and not forged,
                canaries=records.canaries,
                forged=forged,
            )

        if result.ending is not Ending.EXITED:
            return report(problem=f"the test command did not finish ({result.ending}) after {result.duration_s:.0f} s")
        try:
            records = read_records(result.stdout, request.key)
        except RecordError as error:
            return report(problem=str(error), forged=True)
        cases = records.cases
        if records.end is None:
            what = "ended before all results were there" if cases else "could not run"
            return report(problem=f"the tests {what} (exit code {result.exit_code}): {_cause(result)}")
        if records.end != result.exit_code:
            why = f"the runner was about to end with {records.end}, and the process ended with {result.exit_code}"
            return report(records, problem=why, forged=True)
        refused = _REFUSED.search(result.stderr.decode(errors="replace"))
        if refused and result.exit_code == _USAGE_ERROR and not cases:
            return report(problem=f"pytest refuses the test command: {refused[1].strip()[:300]}")
        if result.exit_code == _NO_TESTS or not cases:
            cause = _cause(result)
            return report(problem=f"{NO_TESTS}: {cause}" if cause.startswith("ERROR") else NO_TESTS)
        uncollected = [case for case in cases if case.outcome is Outcome.ERROR and "::" not in case.id]
        if uncollected:
            first = uncollected[0]
            why = _reason(first.message) or _cause(result)
            return report(records, problem=f"{first.id} could not be collected: {why}")
        if request.canaries and not records.canaries:
            return report(records, problem="the tests that must fail were not added", forged=True)
        return report(records)

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """The tests, and the configuration of pytest projects."""
        return (*self.tests(view), *_CONFIGURATION)

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """The patterns of pytest, and the tests that only unittest would find."""
        return (*_TESTS, *(f"/{path}" for path in unittest_files(view)))

    def warm_runner(self, plan: BuildPlan) -> WarmRunner:
        """The worker of `buildpacks/python/runner/warm.py`."""
        arguments, module = split(plan.test)
        quick = ("-s", "--tb=no", "--assert=plain", *_CACHE)
        options = json.dumps({"args": [*arguments, *quick], "module": module})
        return WarmRunner(
            ("/env/bin/python", "-c", _START, _RUNNER_MOUNT.target, "warm", options), (_RUNNER_MOUNT,), (".py",)
        )


_CACHE = ("-o", "cache_dir=/tmp/pytest-cache")
# What a test printed could be a gigabyte: it is not repeated in the report of its failure.
_QUIET = ("--show-capture=no", *_CACHE)
_RUNNER_MOUNT = Mount(_RUNNER, "/rfsn/rfsn_runner")


def _interpreter(wanted: str, image: str) -> tuple[str, tuple[Mount, ...], str]:
    """An interpreter, the mounts that it needs and its description: the image's own, else one found here."""
    if image:
        return "python3", (), f"Python of the image {image}"
    found = interpreters.find(wanted)
    if found is None:
        raise BuildpackError(f"no interpreter here satisfies requires-python {wanted!r}: install one that does")
    description = "Python {}.{} ({})".format(*found.version, found.executable)
    return str(found.executable), (Mount(found.prefix, str(found.prefix)),), description


def _uv_binary() -> Path:
    from uv import find_uv_bin  # noqa: PLC0415  # needed only when a plan is made

    return Path(find_uv_bin())


def _exact(packages: Sequence[str]) -> list[str]:
    """The requirements that the user gives; raises `BuildpackError` for one that is no requirement by name."""
    found = [(text, parsed(text)) for text in packages]
    if wrong := [text for text, requirement in found if requirement is None]:
        raise BuildpackError(f"packages: {wrong[0]!r} is not a requirement by name (PEP 508)")
    return [str(requirement) for _, requirement in found]


def _left_out(needs: Needs) -> str:
    """What the project declares and nobody fetches, in words."""
    if not needs.left_out:
        return ""
    more = f" and {len(needs.left_out) - _MAX_NAMED} more" if len(needs.left_out) > _MAX_NAMED else ""
    return f"; not fetched: {', '.join(needs.left_out[:_MAX_NAMED])}{more}"


def _reason(text: str) -> str:
    """The last line of pytest's message, as Python says it; of a syntax error, with the file and the line."""
    lines = [line.strip().removeprefix("E  ").strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    places = _SYNTAX_ERROR_AT.findall(text) if lines[-1].startswith(_SYNTAX_ERRORS) else []
    place = "{}, line {}: ".format(*places[-1]) if places else ""
    return f"{place}{lines[-1]}"[:300]


def _cause(result: CommandResult) -> str:
    """The line of the output that says most: pytest's own ERROR line, else the last one."""
    text = result.stderr.decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("ERROR", "E  ", "ModuleNotFoundError", "ImportError"))]
    return (said or lines or [""])[-1][:300]
