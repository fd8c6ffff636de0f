"""Repairs in containers, as users start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sandbox import make_marked
from sandbox.docker import DockerProvider

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

IMAGE = "rfsn-test:debian"
FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
}


@pytest.mark.thorough
def test_both_sandboxes_give_the_same_patch(image: str, rfsn: Rfsn, examples: Path) -> None:
    docker = rfsn("repair", examples / "intervals", "--sandbox", "docker", "--image", image, "--json").json
    bubblewrap = rfsn("repair", examples / "intervals", "--sandbox", "bubblewrap", "--json").json
    assert docker["status"] == "repaired", docker
    assert (docker["sandbox"], bubblewrap["sandbox"]) == ("docker", "bubblewrap")
    assert docker["patch"] == bubblewrap["patch"]
    assert docker["tests"] == bubblewrap["tests"]
    assert image in docker["environment"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["cpp", "python"])
def test_a_pack_conforms_in_containers(name: str, image: str, rfsn: Rfsn) -> None:
    ran = rfsn("buildpacks", "check", name, "--sandbox", "docker", "--image", image, "--json")
    assert [check for check in ran.json["checks"] if check["problem"]] == []
    assert ran.code == 0


def test_no_container_is_left(image: str, rfsn: Rfsn, project: Make) -> None:
    assert (
        rfsn("repair", project(FILES), "--sandbox", "docker", "--image", image, "--json").json["status"] == "repaired"
    )
    provider = DockerProvider(image)
    try:
        assert provider.client.containers.list(all=True, filters={"label": "rfsn.controller"}) == []
    finally:
        provider.close()


@pytest.mark.parametrize("sandbox", ["docker", "bubblewrap"])
def test_ctrl_c_twice_leaves_nothing_behind(
    sandbox: str, image: str, project: Make, script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    marker = f"600.{os.getpid()}{time.monotonic_ns()}"
    slow = f"import subprocess\n\n\ndef test():\n    subprocess.run(['sleep', '{marker}'])\n"
    folder = project(FILES | {"test_slow.py": slow})
    options = ["--sandbox", sandbox, "--out", str(tmp_path / "session")]
    options += ["--image", image] if sandbox == "docker" else []
    with subprocess.Popen(
        [script, "repair", folder, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not holding(marker):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        for pause_s in (0.02, 0):
            process.send_signal(signal.SIGINT)
            time.sleep(pause_s)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert f"rfsn resume {tmp_path}/session".encode() in said
    assert b"Traceback" not in said
    assert holding(marker) == []
    assert not (tmp_path / "session" / "scratch").exists()
    provider = DockerProvider(image)
    try:
        assert provider.client.containers.list(all=True, filters={"label": "rfsn.controller"}) == []
    finally:
        provider.close()


def holding(marker: str) -> list[str]:
    """The processes with the marker in their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if marker.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("times", "seconds", "code", "status"), [(1, "1.5", 0, "repaired"), (2, "600.", 3, "infra_error")]
)
def test_a_run_whose_container_is_taken_away_is_run_once_more(
    times: int,
    seconds: str,
    code: int,
    status: str,
    image: str,
    project: Make,
    script: Path,
    environment: dict[str, str],
) -> None:
    marker = f"{seconds}{os.getpid():09}{time.monotonic_ns()}"
    slow = f"import subprocess\n\n\ndef test():\n    subprocess.run(['sleep', '{marker}'])\n"
    options = ["--sandbox", "docker", "--image", image, "--json", "--time-limit", "200"]
    arguments: list[str | Path] = [script, "repair", project(FILES | {"test_slow.py": slow}), *options]
    provider = DockerProvider(image)
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE) as process:
        for _ in range(times):
            while not holding(marker):
                assert process.poll() is None
                time.sleep(0.05)
            for container in provider.client.containers.list(filters={"label": "rfsn.controller"}):
                container.remove(force=True)
        out, _ = process.communicate(timeout=200)
    provider.close()
    result = json.loads(out)
    assert (process.returncode, result["status"]) == (code, status)
    if code:
        assert "the container was ended from outside" in result["reason"]


def test_an_image_that_cannot_be_had(image: str, rfsn: Rfsn, project: Make) -> None:
    assert image
    ran = rfsn("repair", project(FILES), "--sandbox", "docker", "--image", "localhost:1/no/such:image")
    assert ran.code == 3
    assert "docker pull localhost:1/no/such:image" in ran.err


def test_no_engine(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    variables = {"DOCKER_HOST": f"unix://{tmp_path}/nobody"}
    ran = rfsn("repair", project(FILES), "--sandbox", "docker", env=variables)
    assert ran.code == 3
    assert "no Docker engine answers" in ran.err
    assert "--sandbox bubblewrap" in ran.err
    check = next(one for one in rfsn("doctor", "--json", env=variables).json["checks"] if one["name"] == "docker")
    assert check["level"] == "warning"
    assert "only --sandbox docker needs it" in check["found"]


def test_an_image_is_for_docker_alone(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(FILES), "--image", "debian")
    assert ran.code == 2
    assert "add --sandbox docker" in ran.err


def test_leftovers_of_a_dead_controller_are_pruned(rfsn: Rfsn, project: Make, private_home: Path) -> None:
    variables = {"RFSN_HOME": str(private_home)}
    result = rfsn("repair", project(FILES), "--json", env=variables).json
    scratch = Path(result["folder"]) / "scratch"
    make_marked(scratch)
    (scratch / "workspace-x").mkdir()
    half_made = private_home / "cache" / "environments" / "0123"
    make_marked(half_made)
    left = {str(scratch), str(half_made)}
    assert left <= set(rfsn("sandbox", "prune", "--json", env=variables).json["removed"])
    assert not scratch.exists()
    assert not half_made.exists()
    assert Path(result["folder"]).is_dir()
    assert left.isdisjoint(rfsn("sandbox", "prune", "--json", env=variables).json["removed"])


SERVED = {
    "thing.py": FILES["thing.py"],
    "test_thing.py": FILES["test_thing.py"]
    + """

def test_the_database_answers():
    from urllib.request import urlopen

    assert urlopen("http://db:5432/").status == 200
    assert urlopen("http://localhost:5432/").status == 200
""",
}
SERVICE = """
sandbox = "docker"

[buildpacks.python]
image = "rfsn-test:debian"

[services.db]
image = "rfsn-test:debian"
command = ["python3", "-m", "http.server", "5432"]
ready = ["python3", "-c", "from urllib.request import urlopen; urlopen('http://localhost:5432/')"]
"""


@pytest.mark.thorough
def test_services_and_the_image_of_a_pack_come_from_the_configuration(
    image: str, rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    configuration = tmp_path / "rfsn.toml"
    configuration.write_text(SERVICE)
    result = rfsn("repair", project(SERVED), "--config", configuration, "--json").json
    assert result["status"] == "repaired", result
    assert result["tests"]["failing"] == ["test_thing.py::test_least"]
    assert image in result["environment"]
    provider = DockerProvider(image)
    try:
        assert provider.client.containers.list(all=True, filters={"label": "rfsn.controller"}) == []
    finally:
        provider.close()


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (SERVICE.replace('sandbox = "docker"', ""), 2, "the services db run only in containers: add --sandbox docker"),
        (SERVICE.replace("services.db", "services.D_B"), 2, "services.D_B"),
        (
            SERVICE.replace("buildpacks.python", "buildpacks.pyhton"),
            2,
            "the unknown buildpack pyhton; installed: ",
        ),
        (SERVICE.replace("python3", "no-such-program"), 3, "the service db"),
        (SERVICE.replace("ready = [", 'ready = ["false", ') + "timeout_s = 1\n", 3, "db is not ready after 1 s: "),
        (SERVICE.replace('command = ["python3"', 'command = ["python3", "-c", "exit(7)"'), 3, "db ended at once"),
    ],
)
def test_services_that_cannot_be_had(
    text: str, code: int, said: str, image: str, rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    assert image
    configuration = tmp_path / "rfsn.toml"
    configuration.write_text(text)
    ran = rfsn("repair", project(FILES), "--config", configuration)
    assert said in ran.err
    assert ran.code == code
