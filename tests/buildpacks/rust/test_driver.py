"""Cold runs of real Rust projects: what becomes of each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from gate import Change, FileChange
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

P, F, E, S, T = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.TIMEOUT
SHOP = {
    "src/lib.rs": """pub mod stock;

pub fn first(list: &[i32]) -> i32 {
    list[1]
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn finds() {
        assert_eq!(first(&[1, 2]), 2);
    }

    #[test]
    fn finds_none() {
        first(&[]);
    }

    #[test]
    fn differs() {
        println!("before");
        assert_eq!(first(&[1, 2]), 1, "the first");
    }

    #[test]
    #[ignore = "slow"]
    fn ignored() {}

    #[test]
    #[should_panic]
    fn panics() {
        first(&[]);
    }

    #[test]
    #[should_panic(expected = "other")]
    fn panics_otherwise() {
        first(&[]);
    }

    #[test]
    fn returns() -> Result<(), String> {
        Err("no".to_string())
    }
}
""",
    "src/stock.rs": """pub fn forever(mut n: u64) -> u64 {
    while n != 3 {
        n = if n > 1000 { 4 } else { n + 2 };
    }
    n
}

pub fn deep(n: u64) -> u64 {
    if n == 0 { 0 } else { std::hint::black_box(deep(std::hint::black_box(n + 1))) + n }
}
""",
    "tests/ends.rs": """use std::process;

#[test]
fn hangs() {
    thing::stock::forever(4);
}

#[test]
fn waits() {
    std::thread::sleep(std::time::Duration::from_secs(3600));
}

#[test]
fn leaves() {
    process::exit(0);
}

#[test]
fn leaves_with_a_code() {
    process::exit(101);
}

#[test]
fn aborts() {
    process::abort();
}

#[test]
fn crashes() {
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}

#[test]
fn overflows() {
    thing::stock::deep(1);
}

mod inner {
    #[test]
    fn passes() {
        println!("test inner::passes ... FAILED");
    }
}
""",
    "src/main.rs": "fn main() {}\n\n#[test]\nfn of_the_binary() {}\n",
}
OUTCOMES = {
    "src/lib.rs::tests::finds": P,
    "src/lib.rs::tests::finds_none": F,
    "src/lib.rs::tests::differs": F,
    "src/lib.rs::tests::ignored": S,
    "src/lib.rs::tests::panics": P,
    "src/lib.rs::tests::panics_otherwise": F,
    "src/lib.rs::tests::returns": F,
    "src/main.rs::of_the_binary": P,
    "tests/ends.rs::aborts": E,
    "tests/ends.rs::crashes": E,
    "tests/ends.rs::hangs": T,
    "tests/ends.rs::inner::passes": P,
    "tests/ends.rs::leaves": E,
    "tests/ends.rs::leaves_with_a_code": E,
    "tests/ends.rs::overflows": E,
    "tests/ends.rs::waits": T,
}


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {case.id: case.outcome for case in report.cases}


def case(report: SuiteReport, id: str) -> CaseResult:
    return next(case for case in report.cases if case.id == id)


@pytest.fixture
def shop(make_rust: Callable[..., Bench]) -> Bench:
    return make_rust(SHOP)


def test_each_test_has_its_outcome_whatever_the_others_do(shop: Bench) -> None:
    for canaries in (False, True):
        report = shop.run_tests(RunRequest((), 0.3, 0.3, canaries=canaries), 120)
        assert outcomes(report) == OUTCOMES
        assert report.exit_code == 1
        assert [canary.outcome for canary in report.canaries] == [F] * 3 * canaries
        messages = {name: case(report, f"tests/ends.rs::{name}").message for name in ("leaves", "aborts", "crashes")}
        assert messages == {
            "leaves": "the process ended with exit code 0 before the test did",
            "aborts": "the process ended by SIGABRT before the test did",
            "crashes": "the process ended by SIGSEGV before the test did",
        }
        assert "has overflowed its stack" in case(report, "tests/ends.rs::overflows").message
        assert case(report, "tests/ends.rs::hangs").message == "rfsn: over the limit of 0.3 s"
        assert " of waiting" in case(report, "tests/ends.rs::waits").message
        none = case(report, "src/lib.rs::tests::finds_none").message
        assert none == "index out of bounds: the len is 0 but the index is 1 (src/lib.rs:4)"
        differs = case(report, "src/lib.rs::tests::differs").message.splitlines()
        assert differs[0] == "assertion `left == right` failed: the first (src/lib.rs:24)"
        assert differs[-1] == "before"
        assert case(report, "src/lib.rs::tests::returns").message == 'Error: "no"'
        assert "panic did not contain" in case(report, "src/lib.rs::tests::panics_otherwise").message
        assert case(report, "tests/ends.rs::inner::passes").parsed.scope == ("inner",)
    asked = ("src/lib.rs::tests::finds", "tests/ends.rs::aborts", "tests/ends.rs::inner::passes")
    assert outcomes(shop.run_tests(RunRequest(asked), 60)) == {id: OUTCOMES[id] for id in asked}
    missing = shop.run_tests(RunRequest(("src/lib.rs::none",)), 60)
    assert missing.problem == "cargo test refuses the test command: there is no test src/lib.rs::none"


def test_code_that_does_not_compile_is_named_and_its_tests_fail(shop: Bench) -> None:
    broken = SHOP["src/lib.rs"].replace("list[1]\n", "lost[1]\n").encode()
    change = Change({"src/lib.rs": FileChange(SHOP["src/lib.rs"].encode(), broken)})
    for canaries in (False, True):
        report = shop.run_tests(RunRequest(canaries=canaries), 60, change)
        assert report.unbuilt == "src/lib.rs:4: cannot find value `lost` in this scope"
        without = {id for id, outcome in OUTCOMES.items() if outcome is not S}
        assert outcomes(report) == dict.fromkeys(without, E)
        assert [canary.outcome for canary in report.canaries] == [E] * 3 * canaries
    main = Change({"src/main.rs": FileChange(SHOP["src/main.rs"].encode(), b"fn main() { 1 }\n")})
    report = shop.run_tests(RunRequest(case_limit_s=0.3, hang_budget_s=0.3), 60, main)
    assert report.unbuilt == "src/main.rs:1: mismatched types"
    others = {id: outcome for id, outcome in OUTCOMES.items() if "main.rs" not in id}
    assert {id: outcome for id, outcome in outcomes(report).items() if not id.startswith("tests/")} == {
        id: outcome for id, outcome in others.items() if not id.startswith("tests/")
    } | {"src/main.rs::[build]": E}


WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
    "crates/one/Cargo.toml": '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2018"\n',
    "crates/one/src/lib.rs": "pub fn one() -> i32 { 1 }\n\n#[test]\nfn is_one() { assert_eq!(one(), 1); }\n",
    "crates/one/build.rs": 'fn main() { println!("cargo:rustc-env=MADE=yes"); }\n',
    "crates/one/tests/plain.rs": 'fn main() { panic!("no harness") }\n',
    "crates/two/Cargo.toml": (
        '[package]\nname = "two"\nversion = "1.2.3"\nedition = "2021"\n\n[dependencies]\none = { path = "../one" }\n\n'
        '[[bench]]\nname = "slow"\nharness = false\n'
    ),
    "crates/two/src/lib.rs": "pub fn two() -> i32 { one::one() + 1 }\n",
    "crates/two/benches/slow.rs": "fn main() {}\n",
    "crates/two/data.txt": "two",
    "crates/two/tests/two.rs": (
        "#[test]\nfn is_two() { assert_eq!(two::two(), 2); }\n\n#[test]\nfn is_in_its_folder() {\n"
        '    assert_eq!(std::fs::read_to_string("data.txt").unwrap(), "two");\n'
        '    assert_eq!(std::env::var("CARGO_PKG_VERSION").unwrap(), "1.2.3");\n}\n'
    ),
}
NAMES = ("is_in_its_folder", "is_two")
WORKSPACE["crates/one/Cargo.toml"] += '\n[[test]]\nname = "plain"\nharness = false\n'


def test_a_workspace_and_the_options_of_the_command(make_rust: Callable[..., Bench]) -> None:
    bench = make_rust(WORKSPACE)
    assert bench.plan.test == ("cargo", "test", "--workspace")
    assert "not run, as they have a main of their own: test plain" in bench.plan.description
    names = ["crates/one/src/lib.rs::is_one", *(f"crates/two/tests/two.rs::{name}" for name in NAMES)]
    assert outcomes(bench.run_tests(RunRequest(canaries=True), 60)) == dict.fromkeys(names, P)
    for command, chosen in {
        "cargo test -p two is_two": names[2:],
        "cargo nextest run --workspace --lib": names[:1],
        "cargo test --workspace -- --exact is_in_its_folder is_one": names[:2],
        "cargo test --workspace -q -- --skip is_two --nocapture": names[:2],
    }.items():
        one = replace(bench, plan=replace(bench.plan, test=tuple(command.split())))
        assert set(outcomes(one.run_tests(RunRequest(), 60))) == set(chosen), command


def test_a_tree_without_tests_has_none(make_rust: Callable[..., Bench]) -> None:
    report = make_rust({"src/lib.rs": "pub fn a() {}\n"}).run_tests(RunRequest(), 60)
    assert (report.problem, report.empty, report.exit_code) == ("no tests were found", True, 5)


def test_a_crate_that_is_nowhere_is_a_problem(make_rust: Callable[..., Bench]) -> None:
    manifest = (
        '[package]\nname = "thing"\nversion = "0.1.0"\n\n[dependencies]\nlost = { git = "https://example.invalid/l" }\n'
    )
    bench = make_rust({"Cargo.toml": manifest, "src/lib.rs": "#[test]\nfn a() {}\n"})
    assert "not fetched, as no registry has them: lost" in bench.plan.description
    report = bench.run_tests(RunRequest(), 60)
    assert "the tests could not run (exit code 3): failed to get `lost` as a dependency" in report.problem


def test_what_a_test_starts_does_not_outlive_it(make_rust: Callable[..., Bench]) -> None:
    source = """use std::process::Command;

#[test]
fn a_starts() {
    let script = "setsid sh -c 'while true; do echo alive >> /tmp/alive; sleep 0.01; done' &";
    Command::new("sh").args(["-c", script]).status().unwrap();
}

#[test]
fn b_next() {
    let _ = std::fs::remove_file("/tmp/alive");
    Command::new("sleep").arg("0.2").status().unwrap();
    assert!(!std::path::Path::new("/tmp/alive").exists(), "it lives");
}

#[test]
fn c_prints_by_a_child() {
    Command::new("printf").arg("no end of line").status().unwrap();
}
"""
    report = make_rust({"src/lib.rs": source}).run_tests(RunRequest(canaries=True), 60)
    assert set(outcomes(report).values()) == {P}
