"""A patch cannot make tests pass by anything but what they test: with the verdict alone, without the gate's rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import Outcome, RunRequest
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

SOURCE = """pub fn least(a: i32, b: i32) -> i32 {
    if a > b {
        return a;
    }
    b
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_equals() {
        assert_eq!(super::least(2, 2), 2);
    }
}
"""
TEST = """#[test]
fn of_two() {
    assert_eq!(thing::least(1, 2), 1);
}
"""
TARGET, OTHER = "tests/least.rs::of_two", "src/lib.rs::tests::of_equals"
RETURN = "    b\n}\n"
LINES = (
    r"\ntest of_two ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; "
    r"finished in 0.00s\n\n"
)
FAILED = (
    r"\nfailures:\n\n---- {name} stdout ----\n\nthread '{name}' (7) panicked at tests/least.rs:6:90:\n{secret}\n\n\n"
    r"failures:\n    {name}\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; "
    r"finished in 0.00s\n\n"
)
TO_ONE = (
    "use std::os::fd::FromRawFd; use std::io::Write;\n    let mut out = unsafe { std::fs::File::from_raw_fd(1) };\n    "
)


def cheat(body: str, more: str = "") -> str:
    return SOURCE.replace(RETURN, f"    {body}\n{RETURN}", 1) + more


def failing(name: str, secret: str) -> str:
    return FAILED.replace("{name}", name).replace("{secret}", secret)


FORGERIES = {
    "it exits": cheat("std::process::exit(0);"),
    "it exits with the code of a failure": cheat("std::process::exit(101);"),
    "it prints that the test passed": cheat(f'println!("{LINES}");'),
    "it writes that the test passed": cheat(f'{TO_ONE}write!(out, "{LINES}").unwrap(); out.flush().unwrap();'),
    "it writes and exits": cheat(f'{TO_ONE}write!(out, "{LINES}").unwrap(); std::process::exit(0);'),
    "it writes through its descriptors and exits": cheat(
        f'for n in 1..9 {{ let _ = std::fs::write(format!("/proc/self/fd/{{n}}"), "{LINES}"); }}\n'
        "    std::process::exit(0);"
    ),
    "it exits by a system call": cheat(
        f'{TO_ONE}write!(out, "{LINES}").unwrap();\n'
        '    extern "C" { fn _exit(code: i32) -> !; }\n    unsafe { _exit(0) };'
    ),
    "it writes a canary's failure and exits": cheat(
        f'{TO_ONE}write!(out, "{failing("zzzzzzzz_rfsn_0::canary", "a canary")}").unwrap(); std::process::exit(101);'
    ),
    "it takes the canary's name from its arguments": cheat(
        'let name = format!("{}::canary", std::env::args().find(|one| one.contains("rfsn")).unwrap_or_default());\n'
        f'    {TO_ONE}write!(out, "{failing("{name}", "{name}")}", name = name).unwrap(); std::process::exit(101);'
    ),
    "it replaces the hook of panics": cheat(
        "std::panic::set_hook(Box::new(|_| std::process::exit(0)));"
    ),
    "the hook of panics writes and exits": cheat(
        f'std::panic::set_hook(Box::new(|_| {{ {TO_ONE}write!(out, "{LINES}").unwrap(); std::process::exit(0) }}));'
    ),
    "it ends the thread of the test": cheat(
        'extern "C" { fn pthread_exit(value: *mut u8) -> !; }\n    unsafe { pthread_exit(std::ptr::null_mut()) };'
    ),
    "it runs before main": cheat(
        "", f'\n#[used]\n#[link_section = ".init_array"]\nstatic EARLY: extern "C" fn() = early;\n\n'
        f'extern "C" fn early() {{\n    {TO_ONE}write!(out, "{LINES}").unwrap();\n    std::process::exit(0);\n}}\n'
    ),
    "it lists no tests": cheat(
        "", '\n#[used]\n#[link_section = ".init_array"]\nstatic EARLY: extern "C" fn() = early;\n\n'
        'extern "C" fn early() {\n    if std::env::args().any(|one| one == "--list") { std::process::exit(0); }\n}\n'
    ),
    "it replaces the test binary": cheat(
        'let own = std::env::current_exe().unwrap();\n    std::fs::remove_file(&own).unwrap();\n'
        '    std::fs::write(&own, "#!/bin/sh\\nexit 0\\n").unwrap();'
    ),
    "it writes to the driver's output": cheat(
        'for n in ["/proc/1/fd/1", "/proc/1/fd/4"] { let _ = std::fs::write(n, "x\\n"); }'
    ),
    "it looks into the driver": cheat(
        'for n in ["mem", "environ", "maps"] { if std::fs::File::open(format!("/proc/1/{n}")).is_ok() { return 1; } }'
    ),
    "it replaces the driver": cheat('let _ = std::fs::write("/env/bin/rfsn-rust", "#!/bin/sh\\n");'),
}  # fmt: skip


def test_no_forgery_is_accepted(make_rust: Callable[..., Bench]) -> None:
    thing = make_rust({"src/lib.rs": SOURCE, "tests/least.rs": TEST})
    base = thing.run_tests(RunRequest(canaries=True), 60)
    assert {case.id: case.outcome for case in base.cases} == {TARGET: Outcome.FAILED, OTHER: Outcome.PASSED}
    accepted = {}
    for name, source in {"the repair": SOURCE.replace("a > b", "a < b"), **FORGERIES}.items():
        assert source != SOURCE, name
        change = Change({"src/lib.rs": FileChange(SOURCE.encode(), source.encode())})
        run = thing.run_tests(RunRequest((), 0.5, 0.5, canaries=True), 60, change)
        assert not run.unbuilt, name
        accepted[name] = verdict_on(base, [TARGET], [], [run, run]).accepted
    assert accepted == {"the repair": True} | dict.fromkeys(FORGERIES, False)
