"""The workers of an evaluation: one that dies costs its instance alone, and what was cut off goes on."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.errors import StorageError
from rfsn.evaluation.crew import Crew
from rfsn.evaluation.formats import InlineInstance
from rfsn.evaluation.jobs import Job
from rfsn.models.purse import SharedPurse
from tests.rfsn.test_eval import ROWS, lines

type Rfsn = Callable[..., Any]

WORKER = """\
import os, signal, sys, time
from rfsn.errors import StorageError
from rfsn.evaluation.channel import RemotePurse
from rfsn.evaluation.worker import serve

def run(job, channel):
    what, purse = job.id.partition("-")[0], RemotePurse(channel, 1.0)
    channel.tell(step=f"doing {what}")
    match what:
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exits":
            os._exit(7)
        case "full":
            raise StorageError("no space")
        case "waits":
            time.sleep(600)
        case "pays":
            granted = [purse.reserve(0.4) for _ in range(3)]
            purse.settle(0.4, 0.1)
            return {"id": job.id, "granted": granted, "spent": round(purse.spent_usd, 6), "pid": os.getpid()}
    return {"id": job.id, "pid": os.getpid()}

serve(int(sys.argv[1]), run)
"""
COMMAND = (sys.executable, "-P", "-c", WORKER)


def jobs(folder: Path, *names: str) -> Iterator[Job]:
    for name in names:
        instance = InlineInstance(instance_id=name, files={"a.py": ""}, test_command=("x",))
        yield Job(instance, Config(), folder / name)


def test_a_worker_that_dies_costs_its_instance_alone(tmp_path: Path) -> None:
    rows = list(Crew(2, None, COMMAND).run(jobs(tmp_path, "one", "dies", "two", "exits", "three", "four")))
    good = {row["id"] for row in rows if "id" in row}
    lost = {row["instance_id"]: row for row in rows if "status" in row}
    assert good == {"one", "two", "three", "four"}
    assert {row["status"] for row in lost.values()} == {"infra_error"}
    assert "was killed, as a machine does that is out of memory" in lost["dies"]["reason"]
    assert "ended with exit code 7" in lost["exits"]["reason"]


def test_workers_take_one_job_after_another_and_none_is_left(tmp_path: Path) -> None:
    rows = list(Crew(3, None, COMMAND).run(jobs(tmp_path, *(f"job-{number}" for number in range(20)))))
    assert sorted(row["id"] for row in rows) == sorted(f"job-{number}" for number in range(20))
    pids = {row["pid"] for row in rows}
    assert len(pids) <= 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_workers_share_one_purse(tmp_path: Path) -> None:
    purse = SharedPurse(1.0)
    (row,) = Crew(1, purse, COMMAND).run(jobs(tmp_path, "pays"))
    assert (row["granted"], row["spent"]) == ([True, True, False], 0.5)
    assert purse.spent_usd == pytest.approx(0.5)


@pytest.mark.thorough
def test_what_workers_do_is_known(tmp_path: Path) -> None:
    crew = Crew(2, None, COMMAND)
    many = (f"job-{number}" for number in range(100_000))
    with closing(crew.run(jobs(tmp_path, "waits", *many))) as rows:
        for _ in rows:
            known = {doing.job.id: doing.step for doing in crew.doing()}
            if known["waits"] == "doing waits":
                break
    assert known["waits"] == "doing waits"
    assert crew.doing() == []


@pytest.mark.thorough
def test_nothing_is_begun_or_goes_on_after_the_time(tmp_path: Path) -> None:
    began = time.monotonic()
    many = (f"job-{number}" for number in range(100_000))
    rows = list(Crew(2, None, COMMAND).run(jobs(tmp_path, "waits", *many), began + 3))
    assert len(rows) < 100_000
    assert list(Crew(1, None, COMMAND).run(jobs(tmp_path, "one"), began)) == []


def test_a_full_disk_ends_the_evaluation(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no space"):
        list(Crew(1, None, COMMAND).run(jobs(tmp_path, "full", "one")))


def test_workers_end_with_a_killed_evaluation(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        for _ in Crew(1, None, COMMAND).run(jobs(tmp_path, "one", "waits")):
            (tmp_path / "pid.part").write_text(str(_["pid"]))
            (tmp_path / "pid.part").rename(tmp_path / "pid")
        os._exit(0)
    try:
        while not (tmp_path / "pid").exists():
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
            time.sleep(0.05)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    worker = Path("/proc") / (tmp_path / "pid").read_text() / "stat"
    for _ in range(200):
        if not worker.exists() or " Z " in worker.read_text():
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the worker outlives its evaluation")


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_two_nodes_of_which_one_is_lost(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster  # it takes a second

    from rfsn.evaluation import Evaluation, Selection, run_evaluation  # not for the other tests

    rows = [row | {"instance_id": f"{row['instance_id']}-{number}"} for number in range(3) for row in ROWS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)]

    def ended(_: Path) -> None:
        if nodes:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            nodes.clear()

    try:
        how = Evaluation(2, ray=cluster.address)
        totals = run_evaluation(
            str(tmp_path / "rows.jsonl"), Config(), tmp_path / "ray", Selection(), how, ended=ended, quiet=True
        )
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]  # the library says nothing of its types
    assert totals["total"] == len(rows)
    run_evaluation(str(tmp_path / "rows.jsonl"), Config(), tmp_path / "local", Selection(), Evaluation(2), quiet=True)
    ours, theirs = (lines(tmp_path / name / "results.jsonl") for name in ("local", "ray"))
    assert {id: (row["status"], row["patch"]) for id, row in ours.items()} == {
        id: (row["status"], row["patch"]) for id, row in theirs.items()
    }
    assert all((Path(row["session"]) / "report.html").is_file() for row in theirs.values())
