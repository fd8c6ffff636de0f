"""Environments: what a build leaves is hostile, what has the network runs no code, what is shared is checked."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from gate import Change, FileChange
from rfsn.trials.bench import Bench

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

BUILT = '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
NAMED = '[project]\nname = "thing"\nversion = "1"\n[tool.setuptools]\npy-modules = ["thing"]\n'
PLAIN = BUILT + NAMED


def setup_py(code: str) -> dict[str, str]:
    """A project whose build runs `code` first."""
    return {"pyproject.toml": PLAIN, "setup.py": f"{code}\nfrom setuptools import setup\nsetup()\n"}


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def shared(cache: Path) -> dict[str, str]:
    """The files of all environments that are whole, and of all downloads."""
    whole = [folder for folder in (cache / "environments").iterdir() if (folder / "complete").is_file()]
    return {path: hash for folder in (*whole, cache / "downloads") for path, hash in hashes(folder).items()}


def unharmed(canary: Path) -> bool:
    return {path.name: path.read_text() for path in canary.iterdir()} == {"secret.txt": "the secret of the user"}


REPLACE = """
import os, shutil
def replace(path, target):
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)
        os.symlink(target, path)
    except OSError:
        pass
"""
LEFT = {
    "the folder of what is kept is a link": "replace('/env/generated', CANARY)",
    "the note is a link": "replace('/env/not-built.txt', CANARY + '/secret.txt')",
    "the mark is a link": "replace('/env/complete', CANARY + '/x')",
    "the installed folder is a link": "replace('/project/site', CANARY)",
    "beside the installed folder": "replace('/project/generated', CANARY); replace('/project/not-built.txt', CANARY)",
    "a link in the installed folder": "os.makedirs('/project/site', exist_ok=True); replace('/project/site/x', CANARY)",
    "a link in the tree": "replace('/repo/generated', CANARY)",
    "a file of the tree is a link": "replace('/repo/thing.py', CANARY + '/secret.txt')",
    "a pipe in the tree": "os.mkfifo('/repo/pipe')",
    "a pipe among what is installed": "os.makedirs('/project/site', exist_ok=True); os.mkfifo('/project/site/pipe')",
    "a socket": "import socket; socket.socket(socket.AF_UNIX).bind('/repo/socket')",
    "a program with the owner's rights": "open('/repo/su', 'w').close(); os.chmod('/repo/su', 0o6755)",
    "a repository in the tree": (
        "os.makedirs('/repo/.git/hooks', exist_ok=True); open('/repo/.git/hooks/post-index-change', 'w').write('x')"
    ),
    "a name that is none": "open(b'/repo/\\xff\\n\\x1b[2J', 'w').close()",
    "a folder that nobody may read": "os.makedirs('/repo/closed/inner'); os.chmod('/repo/closed', 0)",
    "a file with a hole": "open('/repo/hole.bin', 'wb').truncate(900 << 20)",
}


# Attacks that would be in the way of others in the same build, and one that ends it: the tree is then on the path.
IN_THE_WAY = {"a file of the tree is a link", "a repository in the tree", "a file with a hole"}
ENDS_THE_BUILD = {"the installed folder is a link"}


def harm(attacks: Collection[str], bench: Bench, canary: Path) -> list[str]:
    """What is wrong after a build that made some attacks, in its runs, in its environment and on the host."""
    not_built = bench.environment.not_built
    found = [f"it ended the build: {not_built.read_text()}"] if not_built and attacks != ENDS_THE_BUILD else []
    removal = Change({"old.py": FileChange(b"", None)})  # has the tree copied, and not layered
    for change in (None, removal):
        said = bench.run_command(("sh", "-c", "cat thing.py; cat /repo/*/* /project/site/* /env/*"), 30, change).stdout
        if not said.startswith(b"X = 1") or b"the secret of the user" in said:
            found.append(f"a run sees {said[:500]!r}")
    if not unharmed(canary):
        found.append("the user's folder was written")
    folders = [mount.source.parent for mount in bench.environment.mounts]
    for path in (path for folder in folders for path in folder.rglob("*")):
        rights = not path.is_symlink() and path.stat().st_mode & 0o7000
        if path.is_fifo() or path.is_socket() or rights:
            found.append(f"the environment has {path}")
    return [f"{', '.join(sorted(attacks))}: {one}" for one in found]


@pytest.mark.parametrize(
    "attacks",
    [LEFT.keys() - IN_THE_WAY - ENDS_THE_BUILD, IN_THE_WAY, ENDS_THE_BUILD],
    ids=["most", "in the way of others", "ends the build"],
)
def test_what_a_build_leaves_reaches_nothing(attacks: set[str], make_bench: Callable[..., Bench], canary: Path) -> None:
    """All in one build: each is made alone only where something is wrong, which names those at fault."""

    def built(chosen: set[str], name: str) -> list[str]:
        code = "\n".join((REPLACE, f"CANARY = {str(canary)!r}", *(LEFT[one] for one in sorted(chosen))))
        bench = make_bench({"thing.py": "X = 1\n", "old.py": "", "test_thing.py": "", **setup_py(code)}, name=name)
        return harm(chosen, bench, canary)

    if together := built(attacks, "together"):
        alone = [one for number, name in enumerate(sorted(attacks)) for one in built({name}, f"alone-{number}")]
        pytest.fail("\n".join(alone or together))


def test_a_session_with_a_hostile_build_is_repaired(rfsn: Rfsn, make_project: Make, canary: Path) -> None:
    attacks = "\n".join(LEFT[name] for name in ("the folder of what is kept is a link", "a pipe in the tree"))
    code = f"{REPLACE}\nCANARY = {str(canary)!r}\n{attacks}"
    result = rfsn("repair", make_project(setup_py(code)), "--json").json
    assert result["status"] == "repaired", result
    assert unharmed(canary)
    for path in Path(result["folder"]).rglob("*"):
        assert path.is_symlink() or not path.is_file() or b"the secret of the user" not in path.read_bytes(), path


@pytest.mark.thorough
def test_an_honest_build_keeps_what_it_writes(rfsn: Rfsn, make_project: Make) -> None:
    code = (
        "import os\nos.makedirs('/repo/made', exist_ok=True)\nopen('/repo/made/by_build.py', 'w').write('X = 1\\n')\n"
        "open('/repo/run.sh', 'w').write('#!/bin/sh\\n'); os.chmod('/repo/run.sh', 0o755)\n"
    )
    test = (
        "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n\n\ndef test_made():\n"
        "    import os\n    from made.by_build import X\n    assert X == 1 and os.access('run.sh', os.X_OK)\n"
    )
    result = rfsn("repair", make_project(setup_py(code) | {"test_thing.py": test}), "--json").json
    assert (result["status"], result["tests"]["passed"]) == ("repaired", 1), result


def test_a_link_that_a_build_makes_a_folder_leads_nowhere(rfsn: Rfsn, project: Make, git: Any, canary: Path) -> None:
    """A patch that removes a file has its tree copied, not layered: what the build made is put into the copy."""
    code = (
        "import os\nif os.path.islink('/repo/data'):\n    os.remove('/repo/data')\n    os.mkdir('/repo/data')\n"
        "    open('/repo/data/planted.txt', 'w').write('planted')\n"
    )
    files = {"thing.py": "def least(a, b):\n    return a if a > b else b\n", "old.py": "", **setup_py(code)}
    test = "import os\nfrom thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
    folder = project(files | {"test_thing.py": test})
    (folder / "data").symlink_to(canary)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "a link", cwd=folder)
    (folder / "old.py").unlink()
    (folder / "thing.py").write_text("def least(a, b):\n    return a if a < b else b\n")
    diff = folder.parent / "patch.diff"
    diff.write_text(git("diff", cwd=folder))
    git("checkout", "--quiet", ".", cwd=folder)
    result = rfsn("judge", diff, "--repo", folder, "--json").json
    assert result["status"] == "repaired", result
    assert unharmed(canary)


CONNECT = """
import socket
for family, address in ((socket.AF_INET, ('127.0.0.1', PORT)), (socket.AF_UNIX, '\\0' + NAME)):
    try:
        with socket.socket(family) as s:
            s.settimeout(2); s.connect(address); s.sendall(b'found')
    except OSError:
        pass
"""


def test_no_code_has_the_network(
    rfsn: Rfsn, make_project: Make, loopback: Any, abstract: Any, index: Any, tmp_path: Path
) -> None:
    """Neither a build, nor a dependency's, nor what a dependency has run at every start, nor a test."""
    connect = f"PORT, NAME = {loopback.bound[1]}, {abstract.name!r}\n{CONNECT}"
    compact = f"import base64; exec({connect!r})"
    setup = "from setuptools import setup\nsetup(name='evilsource', version='1', py_modules=['evilsource'])\n"
    index.add_source("evilsource", "1", {"setup.py": f"{connect}\n{setup}", "evilsource.py": "X = 1\n"})
    index.add_wheel("evilwheel", "1", {"evil.pth": f"{compact}\n", "evilwheel.py": "X = 1\n"})
    test = (
        f"{connect}\nfrom thing import least\nimport evilsource, evilwheel\n\n\n"
        "def test_least():\n    assert least(1, 2) == 1\n"
    )
    files = setup_py(connect) | {"requirements.txt": "evilsource\nevilwheel\n", "test_thing.py": test}
    settings = {"UV_INDEX": index.url, "RFSN_HOME": str(tmp_path / "home")}
    result = rfsn("repair", make_project(files), "--json", env=settings).json
    assert result["status"] == "repaired", result
    assert loopback.heard == []
    assert abstract.heard == []


SETTINGS: Mapping[str, Mapping[str, str]] = {
    "uv.toml": {"uv.toml": 'index-url = "URL"\n[pip]\nindex-url = "URL"\n'},
    "a table of uv": {"pyproject.toml": PLAIN + '[tool.uv]\nindex-url = "URL"\nextra-index-url = ["URL"]\n'},
    "a table of uv's pip": {"pyproject.toml": PLAIN + '[tool.uv.pip]\nindex-url = "URL"\nno-build = false\n'},
    "an index of uv": {"pyproject.toml": PLAIN + '[[tool.uv.index]]\nname = "x"\nurl = "URL"\ndefault = true\n'},
    "a source by its address": {
        "pyproject.toml": PLAIN + '[tool.uv.sources]\niniconfig = { url = "URLx-1-py3-none-any.whl" }\n',
        "requirements.txt": "iniconfig\n",
    },
    "a source in git": {
        "pyproject.toml": PLAIN + '[tool.uv.sources]\niniconfig = { git = "URLx" }\n',
        "requirements.txt": "iniconfig\n",
    },
    "options of a requirement file": {
        "requirements.txt": "--index-url URL\n-i URL\n-f URL\n--trusted-host x\niniconfig\n"
    },
    "a requirement by its address": {"requirements.txt": "evil @ URLevil-1-py3-none-any.whl\nURLevil-1.tar.gz\n"},
    "a requirement in git": {"requirements.txt": "evil @ git+URLevil\n-e git+URLevil#egg=evil\n"},
    "configuration of pip": {"pip.conf": "[global]\nindex-url = URL\n", ".pypirc": "[x]\nrepository: URL\n"},
    "setuptools' own": {"setup.cfg": "[easy_install]\nindex_url = URL\nfind_links = URL\n", "pyproject.toml": PLAIN},
    "a wanted interpreter": {".python-version": "URL\n", "pyproject.toml": PLAIN},
    "dependency links": setup_py("") | {"setup.cfg": "[options]\ndependency_links = URL\n"},
    "a Pipfile's source": {"Pipfile": '[[source]]\nurl = "URL"\nverify_ssl = false\n[packages]\niniconfig = "*"\n'},
    "Poetry's source": {
        "pyproject.toml": '[tool.poetry]\nname = "thing"\n[[tool.poetry.source]]\nname = "x"\nurl = "URL"\n'
        '[tool.poetry.dependencies]\niniconfig = "*"\n'
    },
}


@pytest.mark.thorough
@pytest.mark.parametrize("files", SETTINGS.values(), ids=SETTINGS)
def test_nobody_is_asked_whom_the_repository_names(
    files: Mapping[str, str], make_bench: Callable[..., Bench], loopback: Any
) -> None:
    url = f"http://127.0.0.1:{loopback.bound[1]}/"
    bench = make_bench({"thing.py": "X = 1\n", **{path: text.replace("URL", url) for path, text in files.items()}})
    assert bench.run_command(("python", "-m", "pytest", "--version"), 30).exit_code == 0
    assert loopback.heard == []


def test_options_among_build_requirements_are_refused(rfsn: Rfsn, make_project: Make, loopback: Any) -> None:
    url = f"http://127.0.0.1:{loopback.bound[1]}/"
    for text in (
        f"--index-url={url}",
        "--config-file=/repo/uv.toml",
        "--target=/repo",
        "-r /repo/more.txt",
        f"x @ {url}x",
    ):
        files = {"pyproject.toml": f'[build-system]\nrequires = ["setuptools", "{text}"]\n'}
        ran = rfsn("repair", make_project(files, f"project-{hash(text)}"), "--json")
        assert (ran.code, ran.json["status"]) == (2, "usage_error")
        assert "build-system.requires" in ran.json["reason"]
    assert loopback.heard == []


def test_shared_packages_are_as_they_were(rfsn: Rfsn, make_project: Make, home: Path) -> None:
    """The environment's packages and the downloads that all projects share: no build or test can change them."""
    assert rfsn("repair", make_project(name="honest"), "--max-steps", "1").code == 1
    before = shared(home / "cache")
    assert before
    code = (
        "import glob, os\nfound = [path for top in ('/env/lib/*/site-packages', '/in', '/cache')\n"
        "    for path in glob.glob(top + '/**', recursive=True)]\n"
        "for path in [*found, '/tools/uv', '/env/bin/python', '/env/pyvenv.cfg']:\n"
        "    for change in (lambda: os.chmod(path, 511), lambda: open(path, 'a').close(), lambda: os.remove(path)):\n"
        "        try:\n            change()\n        except OSError:\n            pass\n"
    )
    test = f"{code}\nfrom thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
    evil = make_project(setup_py(code) | {"test_thing.py": test}, "evil")
    assert rfsn("repair", evil, "--json").json["status"] == "repaired"
    after = shared(home / "cache")
    assert {path: after.get(path) for path in before} == before


PARTS = ("build_helper.py", "data/template.txt", "native/thing.c", "README", "link")


@pytest.mark.thorough
def test_a_fork_does_not_make_the_environment_of_the_original(make_bench: Callable[..., Bench]) -> None:
    """Same metadata, another helper of the build, another source that it compiles in, other text that it reads."""
    helper = (
        "import pathlib\n"
        f"who = [pathlib.Path('/repo', part).read_text().split()[-1] for part in {PARTS}]\n"
        "pathlib.Path('/repo/made_by.txt').write_text(' '.join(who))\n"
    )
    forks = [{part: "fork"} for part in PARTS]
    for number, other in enumerate((*forks, {})):
        who = {part: other.get(part, "original") for part in PARTS}
        files = {
            "pyproject.toml": PLAIN,
            "setup.py": "import sys; sys.path.insert(0, '/repo')\nimport build_helper\n"
            "from setuptools import setup\nsetup()\n",
            "thing.py": "X = 1\n",
            **{part: f"// who is {who[part]}" for part in PARTS},
            "build_helper.py": f"{helper}# who is {who['build_helper.py']}",
        }
        bench = make_bench(files, name=f"project-{number}")
        made_by = bench.run_command(("cat", "made_by.txt"), 30).stdout.decode().split()
        assert dict(zip(PARTS, made_by, strict=True)) == who


@pytest.mark.thorough
def test_a_build_without_end_is_cut_off(rfsn: Rfsn, make_project: Make, private_home: Path) -> None:
    code = "with open('/repo/big', 'wb') as file:\n    while True:\n        file.write(b'x' * (1 << 20))\n"
    settings = {"RFSN_HOME": str(private_home)}
    result = rfsn("repair", make_project(setup_py(code)), "--json", env=settings).json
    assert result["status"] == "repaired", result
    assert "did not build" in result["environment"]
    assert list((private_home / "cache" / "working").iterdir()) == []


SOURCE_ONLY = {
    "setup.py": (
        "import os\nfrom setuptools import setup\n"
        "assert os.listdir('/repo') in ([], ['cache']), os.listdir('/repo')\n"
        "setup(name='sourceonly', version='1.2', py_modules=['sourceonly'], install_requires=['sourcetoo'])\n"
    ),
    "sourceonly.py": "from sourcetoo import X\n",
}


def test_what_exists_as_source_only_is_built_without_network_and_tree(
    rfsn: Rfsn, make_project: Make, index: Any, tmp_path: Path
) -> None:
    """Its requirements are known once it is built; one of them is source only too, with a backend that is as well."""
    index.add_source("sourceonly", "1.2", SOURCE_ONLY)
    index.add_source(
        "sourcetoo",
        "3",
        {
            "pyproject.toml": '[build-system]\nrequires = ["setuptools", "sourcebackend"]\n'
            'build-backend = "sourcebackend"\n[project]\nname = "sourcetoo"\nversion = "3"\n',
            "sourcetoo.py": "X = 7\n",
        },
    )
    index.add_source(
        "sourcebackend",
        "0.1",
        {
            "pyproject.toml": '[project]\nname = "sourcebackend"\nversion = "0.1"\ndependencies = ["setuptools"]\n',
            "sourcebackend.py": "from setuptools.build_meta import *\n",
        },
    )
    test = "from thing import least\nfrom sourceonly import X\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
    folder = make_project({"requirements.txt": "sourceonly>=1\n", "test_thing.py": test})
    settings = {"UV_INDEX": index.url, "RFSN_HOME": str(tmp_path / "home")}
    result = rfsn("repair", folder, "--json", env=settings).json
    assert result["status"] == "repaired", result
    asked = len(index.asked)
    environments = tmp_path / "home" / "cache" / "environments"
    for environment in environments.iterdir():
        (environment / "complete").unlink(missing_ok=True) if environment.is_dir() else None
    ran = rfsn("repair", folder, "--offline", "--max-steps", "1", "--json", env=settings)
    assert ran.json["tests"]["failing"] == ["test_thing.py::test_least"], ran.json
    assert len(index.asked) == asked


@pytest.mark.thorough
def test_a_source_that_does_not_build_is_said(rfsn: Rfsn, make_project: Make, index: Any, tmp_path: Path) -> None:
    index.add_source("sourceonly", "1", {"setup.py": "raise SystemExit('no compiler for this')\n"})
    settings = {"UV_INDEX": index.url, "RFSN_HOME": str(tmp_path / "home")}
    ran = rfsn("repair", make_project({"requirements.txt": "sourceonly\n"}), "--json", env=settings)
    assert (ran.code, ran.json["status"]) == (3, "infra_error")
    assert "sourceonly-1.tar.gz exists as source only and does not build" in ran.json["reason"]
    assert "no compiler for this" in ran.json["reason"]


def test_a_download_that_is_not_what_the_index_says_is_refused(
    rfsn: Rfsn, make_project: Make, index: Any, tmp_path: Path
) -> None:
    index.add_wheel("changed", "1", {"changed.py": "X = 1\n"})
    settings = {"UV_INDEX": index.url, "RFSN_HOME": str(tmp_path / "home")}
    page = index.page
    index.page = lambda path: page(path) + b" " if path.startswith("/files/") and page(path) else page(path)
    folder = make_project({"requirements.txt": "changed\n"})
    ran = rfsn("repair", folder, "--json", env=settings)
    assert (ran.code, ran.json["status"]) == (3, "infra_error")
    index.page = page
    ran = rfsn("repair", folder, "--max-steps", "1", "--json", env=settings)
    assert ran.json["tests"]["failing"] == ["test_thing.py::test_least"], ran.json


@pytest.mark.thorough
def test_an_index_with_a_password_is_used_and_the_password_kept_nowhere(
    rfsn: Rfsn, make_project: Make, index: Any, tmp_path: Path
) -> None:
    index.add_wheel("private", "1", {"private.py": "X = 1\n"})
    index.wanted = "Basic " + base64.b64encode(b"me:the secret/of the user").decode()
    test = "from thing import least\nimport private\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
    folder = make_project({"requirements.txt": "private\n", "test_thing.py": test})
    settings = {"UV_INDEX": index.url.replace("//", "//me:wrong@"), "RFSN_HOME": str(tmp_path / "home")}
    refused = rfsn("repair", folder, "--json", env=settings)
    assert (refused.code, refused.json["status"]) == (3, "infra_error")
    assert "wrong" not in refused.out + refused.err
    settings["UV_INDEX"] = index.url.replace("//", "//me:the%20secret%2Fof%20the%20user@")
    ran = rfsn("repair", folder, "--json", env=settings)
    assert ran.json["status"] == "repaired", ran.json
    for path in (tmp_path / "home").rglob("*"):
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        assert b"the secret/of" not in content, path
        assert b"the%20secret" not in content, path
