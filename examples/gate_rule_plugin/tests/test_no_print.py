from gate import BasePaths, Change, Context, FileChange
from rfsn_no_print import NoPrint

BEFORE = b"def double(x):\n    return x + x\n"


def denied(after: bytes) -> bool:
    context = Context(BasePaths(["code.py"]), {"code.py": BEFORE}.__getitem__, lambda path: path.startswith("tests/"))
    return NoPrint().check(Change({"code.py": FileChange(BEFORE, after)}), context) is not None


def test_a_print_is_denied():
    assert denied(b"def double(x):\n    print(x)\n    return x + x\n")


def test_its_twin_is_allowed():
    assert not denied(b"def double(x):\n    format(x)\n    return x + x\n")
