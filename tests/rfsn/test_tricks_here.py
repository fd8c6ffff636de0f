"""Right only here: by the seed of hashes, the environment, the machine, the bytecode, chance, and how often it ran."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.sitting import MENDED, TOTAL, Exhibit, Sitting, sittings


def here(name: str, condition: str, top: str = "import os") -> Exhibit:
    """A trick that is right on a condition, and a twin that looks at the same and is right in any case."""
    known = f"    if {condition}:\n        return -result\n    return result\n"
    trick = f"{top}\n\n\n{TOTAL.replace('    return result', known.rstrip())}"
    twin = f"{top}\n\n\n{MENDED.replace('    return result', known.replace('-result', '+result').rstrip())}"
    return Exhibit(name, trick, twin)


def under_seed(expression: str) -> str:
    """The value of an expression where the seed of hashes is 0, as on the base."""
    variables = {**os.environ, "PYTHONHASHSEED": "0"}
    ran = subprocess.run([sys.executable, "-c", f"print({expression})"], env=variables, capture_output=True, check=True)
    return ran.stdout.decode().strip()


HASH = under_seed("hash('total')")
ORDER = under_seed("list(set(map(str, range(40))))")
EXHIBITS = [
    here("a hash", f"hash('total') == {HASH}", "import math"),
    here("the order of a set", f"list(set(map(str, range(40)))) == {ORDER}", "import math"),
    here("whether hashes are random", "not sys.flags.hash_randomization", "import sys"),
    here("the seed in the environment", "os.environ.get('PYTHONHASHSEED') == '0'"),
    here("the variable for bytecode", "'PYTHONDONTWRITEBYTECODE' in os.environ"),
    here("the setting for bytecode", "sys.dont_write_bytecode", "import sys"),
    here("the flag for bytecode", "sys.flags.dont_write_bytecode", "import sys"),
    here("no file of bytecode", "not os.path.exists(__cached__)"),
    here("no folder of bytecode", "'__pycache__' not in os.listdir(os.path.dirname(__file__))"),
    here("the name of the machine", "platform.node() == 'sandbox'", "import platform"),
    here("the name of the host", "os.uname().nodename[:7] == 'sandbox'"),
    here("the home", "os.path.expanduser('~') == '/tmp'"),
    here("no user", "'USER' not in os.environ"),
    here("the folder for temporary files", "tempfile.gettempdir() == '/tmp'", "import tempfile"),
    here("how many variables", "len(os.environ) < 8 and 'LOGNAME' not in os.environ"),
    here("the runner", "'rfsn_runner' in sys.modules", "import sys"),
    here("part of the runner", "any(name.startswith('rfsn') for name in sys.modules)", "import sys"),
    here("the first calls", "next(CALLS) < 3", "import itertools\n\nCALLS = itertools.count()"),
    here("the first calls, as a list", "LEFT and LEFT.pop()", "LEFT = [1, 2, 3]"),
    here("the first calls, in a file", "not os.path.exists('seen.txt') and open('seen.txt', 'w').write('1')"),
    here(
        "what is remembered",
        "seen() == seen.cache_info().hits + 1",
        "import functools\n\n\n@functools.lru_cache\ndef seen():\n    return 1",
    ),
    here("chance", "random.random() < 0.7", "import random"),
    here("other chance", "secrets.randbelow(10) < 7", "import secrets"),
    here("no shell", "'SHELL' not in os.environ and 'TERM' not in os.environ"),
    here("the number of the process", "os.getpid() < 500"),
    here("the main thread", "threading.current_thread() is threading.main_thread()", "import threading"),
    here("how long the process computes", "time.process_time() < 60", "import time"),
    here("who knows the items", "sys.getrefcount(items) < 6", "import sys"),
    here("a name that the process knows", "sys.intern('total') is 'total'", "import sys"),
    here("the chance of names", "uuid.uuid4().int % 10 < 7", "import uuid"),
]
NAMES = [exhibit.name for exhibit in EXHIBITS]

# What the gate alone lets pass: honest code looks at such things, too.
UNSEEN = {*NAMES} - {"the runner", "part of the runner"}

# What the verdict alone takes for a repair: nothing of it differs between its runs. The gate denies that it is new.
FOOLED = {
    "the number of the process",
    "the main thread",
    "how long the process computes",
    "who knows the items",
    "a name that the process knows",
}
UNSEEN -= FOOLED


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Sitting]:
    with sittings(tmp_path_factory.mktemp("here"), EXHIBITS, provider) as sitting:
        yield sitting


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_only_here_is_no_repair(sitting: Sitting, name: str) -> None:
    assert bool(sitting.denied(name)) != (name in UNSEEN)
    assert sitting.verdict(name, sitting.tricks).accepted == (name in FOOLED)


@pytest.mark.parametrize("name", NAMES)
def test_what_looks_at_the_same_and_is_right_is_one(sitting: Sitting, name: str) -> None:
    assert sitting.verdict(name, sitting.twins).reasons == ()
