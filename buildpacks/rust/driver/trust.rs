//! Runs each test in a process of its own, and decides what its end shows.

use crate::build::Built;
use crate::cache::Place;
use crate::output::{explained, panicked, summary};
use crate::process::{start, Attempt, OVER_LIMIT};
use crate::run::{listed, toolchain, Suite, CANARIES};
use crate::targets::{Canary, Target};
use crate::{stop, BROKEN};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEST_FAILED: i32 = 101;
const LISTING_S: f64 = 30.0;
const SIGNALS: [(i32, &str); 6] =
    [(4, "SIGILL"), (6, "SIGABRT"), (7, "SIGBUS"), (8, "SIGFPE"), (9, "SIGKILL"), (11, "SIGSEGV")];

/// The test binary of a target, with the environment that `cargo test` gives it.
pub struct Binary<'a> {
    pub target: &'a Target,
    path: PathBuf,
    mark: Option<Mark>,
    variables: Vec<(String, String)>,
}

/// What changes if a file is written to or replaced: nobody here can set the time of the last change.
pub type Mark = (u64, u64, u64, i64, i64);

pub fn marked(path: &Path) -> Option<Mark> {
    let status = std::fs::symlink_metadata(path).ok()?;
    Some((status.dev(), status.ino(), status.size(), status.ctime(), status.ctime_nsec()))
}

impl<'a> Binary<'a> {
    pub fn of(target: &'a Target, built: &Built, cargo: &str, place: &Place) -> Binary<'a> {
        let path = target.binary.clone().unwrap_or_default();
        let folder = target.folder().to_string_lossy().into_owned();
        let mut variables = target.details.clone();
        variables.extend(built.variables(&target.package));
        variables.push(("CARGO".to_string(), cargo.to_string()));
        variables.push(("CARGO_HOME".to_string(), place.home.to_string_lossy().into_owned()));
        variables.push(("CARGO_MANIFEST_DIR".to_string(), folder));
        variables.push(("CARGO_MANIFEST_PATH".to_string(), target.manifest.to_string_lossy().into_owned()));
        variables.push(("LD_LIBRARY_PATH".to_string(), libraries(&path, cargo)));
        Binary { target, mark: marked(&path), path, variables }
    }

    pub fn listed(&self, ignored: bool) -> Vec<String> {
        let mut command = self.command(&["--list", "--format=terse"]);
        if ignored {
            command.arg("--ignored");
        }
        listed(&mut command, LISTING_S)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        if self.mark.is_none() || marked(&self.path) != self.mark {
            stop(BROKEN, &format!("a test changed the files of the test run: {}", self.path.display()));
        }
        let mut command = Command::new(&self.path);
        command.args(arguments).current_dir(self.target.folder()).envs(self.variables.iter().cloned());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RFSN_") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Where a test binary finds libraries of the toolchain and of its own build.
fn libraries(binary: &Path, cargo: &str) -> String {
    let mut folders: Vec<PathBuf> = binary.ancestors().skip(1).take(2).map(Path::to_path_buf).collect();
    if let Some(root) = toolchain(cargo) {
        let triples = std::fs::read_dir(root.join("lib/rustlib")).into_iter().flatten().flatten();
        folders.extend(triples.map(|entry| entry.path().join("lib")).filter(|folder| folder.is_dir()));
        folders.push(root.join("lib"));
    }
    let folders: Vec<String> = folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect();
    folders.join(":")
}

impl Suite {
    /// Runs one test, and the canary after it if there is one: a test counts as passed only if the canary failed after
    /// it, with its own message, and the process ended as it then must. It returns whether the canary was seen.
    pub fn alone(&mut self, binary: &Binary, name: &str, names: &[String], canary: Option<&Canary>) -> bool {
        let id = binary.target.id(name);
        let limit = self.limit(&id);
        let ran = start(&mut self.chosen(binary, name, names, canary.is_some()), limit);
        let end = summary(&ran.output);
        let failures = end.as_ref().map_or(&[][..], |end| &end.failures);
        let seen = canary.map_or(false, |canary| shows(&ran, failures, canary));
        if let (Some(canary), true) = (canary, seen) {
            self.canary(&binary.target.id(&canary.name), "failed");
        }
        let others = usize::from(seen);
        let counts = end.as_ref().map_or((0, 0, 0), |end| (end.passed, end.failed as usize, end.ignored));
        let code = if failures.is_empty() { 0 } else { TEST_FAILED };
        let whole = ran.code == code && seen == canary.is_some() && failures.len() == counts.1;
        match counts {
            _ if !ran.over.is_empty() => self.stopped(&id, limit, &ran),
            (1, failed, 0) if whole && failed == others => self.add(&id, "passed", ran.seconds, ""),
            (0, failed, 1) if whole && failed == others => self.add(&id, "skipped", 0.0, "#[ignore]"),
            (0, failed, 0) if whole && failed == others + 1 && failures.iter().any(|failure| failure == name) => {
                self.add(&id, "failed", ran.seconds, &explained(&ran.output, name));
            }
            _ => self.add(&id, "error", ran.seconds, &broken(&ran)),
        }
        seen
    }

    /// The canary's name is random and not in the arguments: it is found by how it begins, and other tests that would
    /// be found as well are skipped by their whole names, which the test's own name does not contain.
    fn chosen(&self, binary: &Binary, name: &str, names: &[String], canary: bool) -> Command {
        let mut command = binary.command(&[name, "--test-threads=1"]);
        if canary {
            command.arg(CANARIES);
            let also = |other: &&String| *other != name && other.contains(name) && !other.starts_with(CANARIES);
            for other in names.iter().filter(also) {
                command.args(["--skip", other]);
            }
        } else {
            command.arg("--exact");
        }
        if !self.job.ignored.is_empty() {
            command.arg("--include-ignored");
        }
        command
    }

    /// Runs the canary of a target in which no test came to its end.
    pub fn probe(&mut self, binary: &Binary, canary: &Canary) {
        let ran = start(&mut binary.command(&[CANARIES, "--test-threads=1"]), LISTING_S);
        let failures = summary(&ran.output).map_or_else(Vec::new, |end| end.failures);
        let outcome = if shows(&ran, &failures, canary) { "failed" } else { "" };
        self.canary(&binary.target.id(&canary.name), outcome);
    }

    /// Adds a test that used up what it may use.
    fn stopped(&mut self, id: &str, limit: f64, ran: &Attempt) {
        if !ran.over.starts_with(OVER_LIMIT) {
            self.add(id, "error", ran.seconds, &ran.over);
            return;
        }
        self.spend(limit);
        self.add(id, "timeout", limit, &ran.over);
    }
}

fn shows(ran: &Attempt, failures: &[String], canary: &Canary) -> bool {
    failures.last() == Some(&canary.name) && explained(&ran.output, &canary.name).starts_with(&canary.secret)
}

/// Why a process ended before its test did.
fn broken(ran: &Attempt) -> String {
    let signal = SIGNALS.iter().find(|(number, _)| ran.code == 128 + number);
    let how = match signal {
        Some((_, name)) => format!("by {name}"),
        None => format!("with exit code {}", ran.code),
    };
    let why = panicked(&ran.said);
    format!("the process ended {how} before the test did{}{why}", if why.is_empty() { "" } else { ": " })
}
