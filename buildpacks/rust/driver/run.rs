//! Builds everything, runs the tests, and reports.

use crate::build::build;
use crate::cache::Place;
use crate::channel::{opened, Case, Channel, Job};
use crate::output::clipped;
use crate::process::{start, sweep};
use crate::sources;
use crate::targets::{targets, Canary, Target};
use crate::trust::Binary;
use crate::{stop, BROKEN, FAILED, NO_TESTS, PASSED, REFUSED};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What the pack knows such messages by.
pub const UNBUILT: &str = "it does not compile: ";
/// How canaries are chosen: their names are not in the arguments of test processes.
pub const CANARIES: &str = "zzzzzzzz_rfsn_";

pub fn run(cargo: &str, flags: &[String]) -> i32 {
    let (mut out, job) = opened();
    let place = Place::prepared();
    let own_main = std::env::var("RFSN_RUST_OWN_MAIN").unwrap_or_default();
    let mut found = targets(cargo, &place.tree, &job, &own_main);
    if job.canaries {
        add_canaries(&mut found);
    }
    place.freshen();
    let watched = sources::marks(&found);
    let built = build(cargo, flags, &place);
    sweep(); // of what build scripts left running
    if sources::marks(&found) != watched {
        stop(BROKEN, "the build changed a file that tests are compiled from");
    }
    let others = built.give(&mut found, &place);
    let mut suite = Suite::new(job);
    let chosen = found.iter().filter(|target| target.chosen);
    let binaries: Vec<Binary> = chosen.map(|target| Binary::of(target, &built, cargo, &place)).collect();
    thread::sleep(Duration::from_millis(10)); // a change of a binary now has another time than its making
    for binary in &binaries {
        suite.test(binary);
    }
    for (path, text) in others {
        let source = path.strip_prefix(&place.tree).unwrap_or(&path).to_string_lossy().into_owned();
        suite.add(&format!("{source}::[build]"), "error", 0.0, &format!("{UNBUILT}{text}"));
    }
    suite.known(&found);
    place.clear();
    suite.report(&mut out)
}

/// Adds a test that must fail at the end of each source of a test target. Its name and its message are random.
fn add_canaries(found: &mut [Target]) {
    let mut made: Vec<(PathBuf, Canary)> = Vec::new();
    for target in found.iter_mut().filter(|target| target.chosen) {
        if let Some((_, known)) = made.iter().find(|(path, _)| *path == target.path) {
            target.canary = Some(known.clone());
            continue;
        }
        let (nonce, secret) = (random(), random());
        let module = format!("{CANARIES}{nonce}");
        let source = format!(
            "\n#[cfg(test)] mod {module} {{ #[test] fn canary() {{ None::<()>.expect(\"{secret}\") }} }}\n"
        );
        let added = OpenOptions::new().append(true).open(&target.path).and_then(|mut file| file.write_all(source.as_bytes()));
        if added.is_ok() {
            let canary = Canary { name: format!("{module}::canary"), secret };
            made.push((target.path.clone(), canary.clone()));
            target.canary = Some(canary);
        }
    }
}

fn random() -> String {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if let Err(error) = read {
        stop(BROKEN, &error.to_string());
    }
    crate::sha256::hex(&bytes)
}

/// The tests of all targets, and what became of each.
pub struct Suite {
    pub job: Job,
    budget: f64,
    cases: Vec<Case>,
    marks: Vec<String>,
    failed: bool,
}

impl Suite {
    fn new(job: Job) -> Suite {
        let budget = job.budget;
        Suite { job, budget, cases: Vec::new(), marks: Vec::new(), failed: false }
    }

    fn test(&mut self, binary: &Binary) {
        let target = binary.target;
        if !target.failure.is_empty() {
            self.unbuilt(target);
        } else if target.binary.is_some() {
            let names = binary.listed(false);
            let ignored = binary.listed(true);
            let runs = |name: &String| self.job.ignored != "only" || ignored.contains(name);
            let chosen: Vec<&String> = names.iter().filter(|name| self.chooses(target, name) && runs(name)).collect();
            let canary = target.canary.as_ref().filter(|canary| names.contains(&canary.name));
            let mut seen = false;
            for name in chosen {
                if self.job.ignored.is_empty() && ignored.contains(name) {
                    self.add(&target.id(name), "skipped", 0.0, "#[ignore]");
                } else {
                    seen = self.alone(binary, name, &names, canary) || seen;
                }
            }
            if let (Some(canary), false) = (canary, seen) {
                self.probe(binary, canary);
            }
        }
    }

    fn unbuilt(&mut self, target: &Target) {
        if let Some(canary) = &target.canary {
            self.canary(&target.id(&canary.name), "error"); // it fails with its target
        }
        let message = format!("{UNBUILT}{}", target.failure);
        let declared: Vec<String> = target.declared().into_iter().filter(|name| !name.starts_with(CANARIES)).collect();
        let chosen: Vec<&String> = declared.iter().filter(|name| self.chooses(target, name)).collect();
        for name in chosen {
            self.add(&target.id(name), "error", 0.0, &message);
        }
        if declared.is_empty() && target.own_error {
            self.add(&target.id("[build]"), "error", 0.0, &message);
        }
    }

    /// A source without tests is a case once it did not compile: later runs ask for it.
    fn known(&mut self, found: &[Target]) {
        for target in found {
            let id = target.id("[build]");
            if self.job.limits.contains_key(&id) && !self.cases.iter().any(|case| case.id == id) {
                self.add(&id, "passed", 0.0, "");
            }
        }
    }

    /// Whether the options of the command, and the ids that were asked for, name a test.
    fn chooses(&self, target: &Target, name: &str) -> bool {
        let named = |filter: &String| if self.job.exact { name == filter } else { name.contains(filter.as_str()) };
        let filtered = self.job.filters.is_empty() || self.job.filters.iter().any(named);
        let wanted = self.job.ids.is_empty() || self.job.ids.contains(&target.id(name));
        filtered && wanted && !self.job.skips.iter().any(named) && !name.starts_with(CANARIES)
    }

    /// The CPU seconds of a test: waiting for tests that hang has a budget.
    pub fn limit(&self, id: &str) -> f64 {
        let shared = if self.budget > 0.0 { self.job.limit } else { self.job.limit / 4.0 };
        self.job.limits.get(id).copied().unwrap_or(shared)
    }

    pub fn spend(&mut self, seconds: f64) {
        self.budget -= seconds;
    }

    pub fn canary(&mut self, id: &str, outcome: &'static str) {
        if !self.marks.iter().any(|mark| mark == id) {
            self.marks.push(id.to_string());
        }
        if !outcome.is_empty() {
            self.push(id, outcome, 0.0, "");
        }
    }

    pub fn add(&mut self, id: &str, outcome: &'static str, seconds: f64, message: &str) {
        if self.job.ids.is_empty() || self.job.ids.iter().any(|asked| asked == id) {
            self.push(id, outcome, seconds, message);
        }
    }

    fn push(&mut self, id: &str, outcome: &'static str, seconds: f64, message: &str) {
        self.failed |= ["failed", "error", "timeout"].contains(&outcome);
        self.cases.push(Case { id: id.to_string(), outcome, seconds, message: clipped(message) });
    }

    /// Canaries first, then cases, then the end.
    fn report(self, out: &mut Channel) -> i32 {
        let code = if self.failed {
            FAILED
        } else if !self.cases.is_empty() {
            PASSED
        } else if let Some(id) = self.job.ids.first() {
            eprintln!("refused: there is no test {id}");
            REFUSED
        } else {
            NO_TESTS
        };
        self.marks.iter().for_each(|id| out.canary(id));
        self.cases.iter().for_each(|case| out.case(case));
        out.end(code);
        code
    }
}

/// The names that a test binary lists, sorted as libtest sorts them.
pub fn listed(command: &mut std::process::Command, limit: f64) -> Vec<String> {
    let ran = start(command, limit);
    let names = ran.output.lines().filter_map(|line| line.strip_suffix(": test"));
    if ran.code == PASSED { names.map(str::to_string).collect() } else { Vec::new() }
}

/// The folder of a toolchain, from the path of its cargo.
pub fn toolchain(cargo: &str) -> Option<&Path> {
    Path::new(cargo).parent()?.parent()
}
