//! The job that the pack gives, and the way out for results: signed lines on the driver's standard output, which no
//! child has. See buildpacks/result_lines.py.

use crate::json::{quoted, Json};
use crate::sha256::{hex, hmac};
use crate::{stop, BROKEN};
use std::collections::HashMap;
use std::io::{Read, Write};

extern "C" {
    fn prctl(option: i32, ...) -> i32;
}

const PR_SET_DUMPABLE: i32 = 4;
const PR_SET_CHILD_SUBREAPER: i32 = 36;

/// What the pack asks for, see `RustBuildpack.focus`.
pub struct Job {
    pub ids: Vec<String>,
    pub limit: f64,
    pub budget: f64,
    pub limits: HashMap<String, f64>,
    pub canaries: bool,
    pub filters: Vec<String>,
    pub skips: Vec<String>,
    pub exact: bool,
    pub ignored: String,
    pub kinds: Vec<String>,
    pub names: Vec<String>,
    pub packages: Vec<String>,
    pub excluded: Vec<String>,
    pub workspace: bool,
}

pub struct Channel {
    key: Vec<u8>,
    number: u64,
}

/// Reads the job and closes the ways that lead to it: nobody may look into this process from now on, and what tests
/// leave running becomes its child.
pub fn opened() -> (Channel, Job) {
    // SAFETY: prctl with these options takes plain numbers.
    let done = unsafe { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) | prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    if done != 0 {
        stop(BROKEN, "prctl failed");
    }
    let mut text = String::new();
    let asked = match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Json::parse(&text).unwrap_or_else(|| stop(BROKEN, "no job")),
        Err(error) => stop(BROKEN, &format!("no job: {error}")),
    };
    let key = unhex(asked.get("key").text()).unwrap_or_else(|| stop(BROKEN, "no key"));
    let limits = asked.get("limits").entries();
    let job = Job {
        ids: asked.get("ids").texts(),
        limit: asked.get("case_limit_s").number(),
        budget: asked.get("hang_budget_s").number(),
        limits: limits.iter().map(|(id, limit)| (id.clone(), limit.number())).collect(),
        canaries: asked.get("canaries").truth(),
        filters: asked.get("filters").texts(),
        skips: asked.get("skips").texts(),
        exact: asked.get("exact").truth(),
        ignored: asked.get("ignored").text().to_string(),
        kinds: asked.get("kinds").texts(),
        names: asked.get("names").texts(),
        packages: asked.get("packages").texts(),
        excluded: asked.get("excluded").texts(),
        workspace: asked.get("workspace").truth(),
    };
    (Channel { key, number: 0 }, job)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// One test, as it is reported.
pub struct Case {
    pub id: String,
    pub outcome: &'static str,
    pub seconds: f64,
    pub message: String,
}

impl Channel {
    pub fn canary(&mut self, id: &str) {
        self.write(&format!("{{\"canary\":{}}}", quoted(id)));
    }

    pub fn case(&mut self, case: &Case) {
        let (id, message) = (quoted(&case.id), quoted(&case.message));
        self.write(&format!(
            "{{\"case\":{id},\"outcome\":\"{}\",\"duration_s\":{:.4},\"message\":{message}}}",
            case.outcome, case.seconds
        ));
    }

    pub fn end(&mut self, code: i32) {
        self.write(&format!("{{\"end\":{code}}}"));
    }

    fn write(&mut self, result: &str) {
        let mut signed = self.number.to_be_bytes().to_vec();
        signed.extend_from_slice(result.as_bytes());
        self.number += 1;
        let line = format!("{} {result}\n", hex(&hmac(&self.key, &signed)));
        let mut out = std::io::stdout();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            stop(BROKEN, "the results cannot be written");
        }
    }
}
