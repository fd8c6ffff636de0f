"""How the project itself gets into its environment: installed so that its files in the tree stay the ones that run."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import join, normpath

from buildpacks.api import BuildStep, PlanOptions, RepoView
from buildpacks.python.provide import UV, UV_VARIABLES
from buildpacks.python.releases import Release
from buildpacks.supplies import PROJECT

__all__ = ["SITE", "build_steps", "fallback_steps", "source_folders"]

SITE = f"{PROJECT}/site"
"""The folder of installed projects, which every interpreter of the environment looks at."""

_PUT_ON_PATH = (
    "import pathlib, sys; site = pathlib.Path(sys.argv[1]); site.mkdir(); "
    "(site / 'rfsn-tree.pth').write_text('\\n'.join(sys.argv[2:]))"
)
# What setuptools has for it before editable wheels, which need Python 3.7.
_DEVELOP = (
    "import os, runpy, sys; site, tree = sys.argv[1:]; os.makedirs(site, exist_ok=True); os.chdir(tree); "
    "sys.argv[:] = ['setup.py', '-q', 'develop', '--no-deps', '--install-dir', site, '--site-dirs', site]; "
    "runpy.run_path('setup.py', run_name='__main__')"
)
_WHEELS_SINCE = (3, 7)
_WHEELS_SINCE_DATE = "2022-08-11"  # setuptools 64
_BUILD = {**UV_VARIABLES, "UV_CACHE_DIR": "/tmp/uv"}  # noqa: S108  # of the sandbox

# They give builds a version that they would ask git for: setuptools_scm and hatch-vcs, pdm, Poetry, pbr.
_VERSION_VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "PBR_VERSION",
)


def build_steps(
    view: RepoView, packages: Sequence[str], release: Release | None, options: PlanOptions
) -> tuple[BuildStep, ...]:
    """The commands that install the projects in these folders; none if there are none to install."""
    if not packages:
        return ()
    variables = {**_BUILD, **dict.fromkeys(_VERSION_VARIABLES, options.version or "0.0.0")}
    trees = [normpath(join(options.tree, path)) for path in packages]
    before = (release and release < _WHEELS_SINCE) or (options.as_of and options.as_of < _WHEELS_SINCE_DATE)
    if before and all(_has_only_setuptools(view, path) for path in packages):
        return tuple(BuildStep(("/env/bin/python", "-c", _DEVELOP, SITE, tree), variables) for tree in trees)
    install = (UV, "pip", "install", "--offline", "--no-config", "--no-deps", "--no-build-isolation")
    editables = [part for tree in trees for part in ("--editable", tree)]
    return (BuildStep((*install, "--python", "/env/bin/python", "--target", SITE, *editables), variables),)


def fallback_steps(options: PlanOptions) -> tuple[BuildStep, ...]:
    """The command that puts the sources on the path, without metadata or what a build would generate."""
    return (BuildStep(("/env/bin/python", "-c", _PUT_ON_PATH, SITE, *source_folders(options))),)


def source_folders(options: PlanOptions) -> tuple[str, ...]:
    """Where sources usually are."""
    return (options.tree, f"{options.tree}/src")


def _has_only_setuptools(view: RepoView, folder: str) -> bool:
    """Whether a project has a setup.py, and nothing else could build it."""
    return view.exists(normpath(join(folder, "setup.py"))) and not view.exists(normpath(join(folder, "pyproject.toml")))
