from gate import apply
from planners.testing import GivenTree
from rfsn_swapped_lines import planner, swaps

CODE = b"def total(items):\n    total = total + 1\n    total = 0\n\n    return total\n"


def made(line: int) -> list[bytes]:
    tree = GivenTree({"shop.py": CODE})
    return [apply(patch, tree.read).files["shop.py"].after for patch in swaps(tree, "shop.py", line)]


def test_a_line_is_swapped_with_its_neighbours():
    swapped = b"def total(items):\n    total = 0\n    total = total + 1\n\n    return total\n"
    assert made(2) == made(3) == [swapped]


def test_lines_of_other_blocks_and_empty_ones_stay():
    assert made(1) == made(4) == made(5) == []


def test_it_needs_no_model():
    assert planner(()).phases
