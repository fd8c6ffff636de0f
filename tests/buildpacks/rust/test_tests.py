"""Which files of a Rust tree are there for tests alone."""

from __future__ import annotations

from buildpacks.rust.tests import test_files as found
from planners.testing import GivenTree

CARGO = """[package]
name = "x"
[[test]]
path = "checks/it.rs"
[[bench]]
path = "src/speed.rs"
"""
LIB = """#[cfg(test)]
mod tests;
#[cfg(all(test, unix))]
pub(crate) mod testing;
#[cfg(test)]
#[path = "elsewhere/more.txt"]
mod more;
#[cfg(unix)]
mod product;
"""


def test_modules_and_targets_of_tests_wherever_they_are() -> None:
    files = {"Cargo.toml": CARGO, "src/lib.rs": LIB, "src/deep.rs": "#[cfg(test)] mod inner;\n", "a/Cargo.toml": "=\n"}
    tree = GivenTree({path: text.encode() for path, text in files.items()})
    assert sorted(found(tree)) == [
        "/checks/",
        "/src/deep/inner.rs",
        "/src/deep/inner/",
        "/src/elsewhere/more.txt",
        "/src/speed.rs",
        "/src/testing.rs",
        "/src/testing/",
        "/src/tests.rs",
        "/src/tests/",
    ]
