"""The Python buildpack: pytest in an environment made by uv."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from posixpath import dirname

from buildpacks.api import (
    API_VERSION,
    BuildpackError,
    BuildPlan,
    CaseResult,
    Detection,
    Outcome,
    PlanOptions,
    RepoView,
    RunRequest,
    RunSpec,
    SuiteReport,
    WarmRunner,
)
from buildpacks.junit import JUnitError, read_cases
from buildpacks.python import interpreters
from buildpacks.python.commands import command_for, options_of, split, unittest_files
from buildpacks.python.requirements import read_needs
from sandbox import CommandResult, Ending, Mount

__all__ = ["PythonBuildpack"]

_RUNNER = Path(__file__).parent / "runner"
_UV = "/tools/uv"
_START = "import sys; sys.path[0] = '/rfsn'; from rfsn_runner.main import main; main()"
_COMPILE = "import compileall; compileall.compile_dir('/env/lib', quiet=2)"
_PUT_ON_PATH = (
    "import pathlib, site; path = pathlib.Path(site.getsitepackages()[0], 'rfsn-tree.pth'); "
    "path.write_text('/repo\\n/repo/src\\n')"
)
_LIMIT_MARKER = "rfsn: over the limit"
_SIGNS = ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", "requirements.txt", "conftest.py")
_NO_TESTS = 5
_USAGE_ERROR = 4

# How builds that ask git for their version are told it: setuptools_scm and hatch-vcs, pdm, poetry-dynamic-versioning.
_VERSION_VARIABLES = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS")

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
        install = (_UV, "pip", "install", "--python", "/env/bin/python")
        declared = ("pytest", *needs.requirements) if options.packages is None else options.packages
        requirements = (*declared, *needs.build)
        fetch = (
            (_UV, "venv", "--relocatable", "--allow-existing", "--python", python, "/env"),
            (*install, "--only-binary", ":all:", *requirements),
        )
        versions = [f"{name}={options.version or '0.0.0'}" for name in _VERSION_VARIABLES]
        editable = ("--offline", "--no-deps", "--no-build-isolation", "--editable", "/repo")
        # Compiling runs the environment's interpreter, and with it whatever a package has put in a .pth file.
        build = (
            ("/env/bin/python", "-c", _COMPILE),
            *((("env", *versions, *install, *editable),) if needs.build else ()),
        )
        folders = sorted({dirname(path) for path in view.files() if path.endswith(".py")})
        built_from = [*(view.read(path) for path in needs.sources), *map(str.encode, folders)] if needs.build else []
        identity = [API_VERSION, options.image, python, fetch, build, _digest(built_from)]
        return BuildPlan(
            pack=self.name,
            fetch=fetch,
            build=build,
            fallback=(("/env/bin/python", "-c", _PUT_ON_PATH),),
            test=test,
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **options.env},
            mounts=(*mounts, Mount(_uv_binary(), _UV)),
            cache_key=_digest([json.dumps(identity).encode()]),
            description=description,
        )

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The plan's command through the cold runner, with results in `/results/junit.xml`."""
        arguments, module = split(plan.test)
        if request.ids:
            arguments = (*options_of(arguments), *request.ids)
        options = {
            "args": [*arguments, "-o", "junit_family=xunit1", "--junitxml=/results/junit.xml", *_QUIET],
            "module": module,
            "case_limit_s": request.case_limit_s,
            "hang_budget_s": request.hang_budget_s,
        }
        return RunSpec(_runner_argv("cold", options), (_RUNNER_MOUNT,), "junit.xml")

    def parse(self, view: RepoView, result: CommandResult, artifact: bytes | None) -> SuiteReport:
        """Cases from JUnit XML; without it, the reason why the tests could not run."""

        def report(cases: tuple[CaseResult, ...] = (), problem: str = "") -> SuiteReport:
            crashed = result.ending is Ending.EXITED and artifact is None and result.exit_code != _USAGE_ERROR
            return SuiteReport(cases, result.exit_code, result.duration_s, problem=problem, crashed=crashed)

        if result.ending is not Ending.EXITED:
            return report(problem=f"the test command did not finish ({result.ending}) after {result.duration_s:.0f} s")
        if artifact is None:
            return report(problem=f"the tests could not run (exit code {result.exit_code}): {_cause(result)}")
        modules = {re.sub(r"\.py$", "", path).replace("/", "."): path for path in view.files()}
        try:
            cases = read_cases(artifact, modules, _LIMIT_MARKER)
        except JUnitError as error:
            return report(problem=str(error))
        if result.exit_code == _NO_TESTS or not cases:
            return report(
                problem=f"pytest found no tests: {_cause(result)}" if _cause(result) else "pytest found no tests"
            )
        uncollected = [case for case in cases if case.outcome is Outcome.ERROR and "::" not in case.id]
        if uncollected:
            first = uncollected[0]
            return report(
                cases, problem=f"{first.id} could not be collected: {_last_line(first.message) or _cause(result)}"
            )
        return report(cases)

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
        return WarmRunner(_runner_argv("warm", {"args": [*arguments, *quick], "module": module}), (_RUNNER_MOUNT,))


_CACHE = ("-o", "cache_dir=/tmp/pytest-cache")
# What a test printed could be a gigabyte: it is not repeated in the report of its failure.
_QUIET = ("--show-capture=no", *_CACHE)
_RUNNER_MOUNT = Mount(_RUNNER, "/rfsn/rfsn_runner")


def _runner_argv(mode: str, options: dict[str, object]) -> tuple[str, ...]:
    return ("/env/bin/python", "-c", _START, mode, json.dumps(options))


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


def _digest(parts: Sequence[bytes]) -> str:
    sums = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(sums).hexdigest()[:32]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _cause(result: CommandResult) -> str:
    """The line of the output that says most: pytest's own ERROR line, else the last one."""
    text = (result.stderr + b"\n" + result.stdout).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("ERROR", "E  ", "ModuleNotFoundError", "ImportError"))]
    return (said or lines or [""])[-1][:300]
