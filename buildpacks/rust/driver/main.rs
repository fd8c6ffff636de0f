//! The driver of the Rust buildpack. It runs in a sandbox, on the standard library alone:
//!
//! - `driver run CARGO FLAGS...` builds the test binaries and runs the tests; the job is on standard input.
//! - `driver prime CARGO FLAGS...` compiles everything and keeps what the compiler wrote, for later runs.
//!
//! The flags are those of `cargo test` that choose what is built.

mod build;
mod cache;
mod channel;
mod json;
mod output;
mod process;
mod run;
mod sha256;
mod sources;
mod targets;
mod trust;

use std::process::exit;

pub const PASSED: i32 = 0;
pub const FAILED: i32 = 1;
pub const BROKEN: i32 = 3;
pub const REFUSED: i32 = 4;
pub const NO_TESTS: i32 = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() < 2 {
        stop(BROKEN, "no mode");
    }
    let flags = &arguments[2..];
    exit(match arguments[0].as_str() {
        "run" => run::run(&arguments[1], flags),
        "prime" => prime(&arguments[1], flags),
        other => stop(BROKEN, &format!("no such mode: {other}")),
    });
}

/// Ends the driver without a last result line: whatever it wrote is no report.
pub fn stop(code: i32, why: &str) -> ! {
    eprintln!("error: {why}");
    exit(code)
}

/// Compiles all test targets and runs none. Code that does not compile is no failure here: the run of the tests
/// reports it.
fn prime(cargo: &str, flags: &[String]) -> i32 {
    let tree = std::env::var("RFSN_RUST_TREE").unwrap_or_else(|_| stop(BROKEN, "no tree"));
    if let Err(error) = std::env::set_current_dir(&tree) {
        stop(BROKEN, &format!("{tree}: {error}"));
    }
    let place = cache::Place::prepared();
    let before = cache::marks(&place.tree);
    build::build(cargo, flags, &place);
    place.keep(&before);
    place.clear();
    PASSED
}
