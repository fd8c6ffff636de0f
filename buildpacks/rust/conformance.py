"""What the Rust buildpack says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_CARGO = '[package]\nname = "least"\nversion = "1.0.0"\nedition = "2021"\n'
_SOURCE = """pub fn least(a: i32, b: i32) -> i32 {
    if a > b {
        return a;
    }
    b
}
"""
_TEST = """use least::least;

#[test]
fn first() {
    assert_eq!(least(1, 2), 1);
}

#[test]
fn same() {
    assert_eq!(least(2, 2), 2);
}

#[test]
#[ignore]
fn later() {}
"""
_ID = "tests/least.rs::"
_PASSED = '"test first ... ok\\n\\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\\n"'


def _with(body: str) -> dict[str, str]:
    """The source with more in its function."""
    return {"src/lib.rs": _SOURCE.replace("i32 {\n", f"i32 {{\n    {body}\n", 1)}


CONFORMANCE = Conformance(
    files={"Cargo.toml": _CARGO, "src/lib.rs": _SOURCE, "tests/least.rs": _TEST},
    cases={f"{_ID}first": Outcome.FAILED, f"{_ID}same": Outcome.PASSED, f"{_ID}later": Outcome.SKIPPED},
    repair={"src/lib.rs": _SOURCE.replace("a > b", "a < b")},
    hang=_with("while a == b {}"),
    hanging=f"{_ID}same",
    crash=_with("if a == b { std::process::abort(); }"),
    broken={"src/lib.rs": _SOURCE.replace("return a", "return c")},
    complaint="src/lib.rs:3",
    empty={"Cargo.toml": _CARGO, "src/lib.rs": _SOURCE},
    test_file="tests/least.rs",
    forgeries={
        "it exits": _with("std::process::exit(0);"),
        "it prints that a test passed": _with(f"print!({_PASSED});"),
        "it prints and exits": _with(f"print!({_PASSED}); std::process::exit(0);"),
        "it prints by itself and exits": _with(
            f"use std::io::Write; std::io::stdout().write_all({_PASSED}.as_bytes()).unwrap(); std::process::exit(0);"
        ),
        "it ends the thread": _with("loop { std::thread::park(); }"),
        "it hides panics": _with("std::panic::set_hook(Box::new(|_| std::process::exit(0)));"),
    },
)
