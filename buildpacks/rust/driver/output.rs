//! What libtest writes when it is done: the end of its output, which code under test could write as well. So it is never
//! believed alone.

/// The summary that ends the output of a test process.
#[derive(Debug, PartialEq)]
pub struct Summary {
    pub passed: u32,
    pub failed: u32,
    pub ignored: u32,
    pub failures: Vec<String>,
}

const RESULT: &str = "test result: ";
const HEADING: &str = "failures:";
const MAX_MESSAGE: usize = 4000;

/// The summary, if it is the last thing in the output.
pub fn summary(output: &str) -> Option<Summary> {
    let lines: Vec<&str> = output.trim_end_matches('\n').split('\n').collect();
    let (last, before) = lines.split_last()?;
    let (state, counts) = last.strip_prefix(RESULT)?.split_once(". ")?;
    let count = |what: &str| -> Option<u32> {
        let part = counts.split("; ").find_map(|part| part.strip_suffix(what))?;
        part.trim_end().parse().ok()
    };
    let mut found = Summary {
        passed: count("passed")?,
        failed: count("failed")?,
        ignored: count("ignored")?,
        failures: Vec::new(),
    };
    if state == "FAILED" {
        let from = before.iter().rposition(|line| *line == HEADING)?;
        let names = before[from + 1..].iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        found.failures = names.map(str::to_string).collect();
    } else if state != "ok" {
        return None;
    }
    Some(found)
}

/// What a failing test wrote, by the section of its name: the panic's message first, with its place.
pub fn explained(output: &str, name: &str) -> String {
    let start = format!("---- {name} stdout ----\n");
    let section = match output.rfind(&start) {
        Some(place) => &output[place + start.len()..],
        None => return String::new(),
    };
    let ends = ["\n---- ", "\n\nfailures:\n"].iter().filter_map(|end| section.find(end));
    panicked(&section[..ends.min().unwrap_or(section.len())])
}

/// A text with a panic, its message first: `thread 'x' panicked at src/lib.rs:3:5:` stands before the message.
pub fn panicked(text: &str) -> String {
    let mut message = Vec::new();
    let mut place = String::new();
    let mut before = Vec::new();
    for line in text.trim().lines() {
        if line.starts_with("note: run with `RUST_BACKTRACE") {
            continue;
        }
        match line.split_once(" panicked at ") {
            Some((thread, rest)) if thread.starts_with("thread '") && place.is_empty() => place = shortened(rest),
            _ if place.is_empty() => before.push(line),
            _ => message.push(line),
        }
    }
    if place.is_empty() {
        return clipped(&before.join("\n"));
    }
    let first = message.first().copied().unwrap_or("");
    let rest: Vec<&str> = message.iter().skip(1).chain(&before).copied().collect();
    clipped(&format!("{first} ({place})\n{}", rest.join("\n")))
}

/// `src/lib.rs:3:5:` without the column.
fn shortened(place: &str) -> String {
    let place = place.trim_end_matches(':');
    place.rsplit_once(':').map_or(place, |(front, _)| front).to_string()
}

pub fn clipped(text: &str) -> String {
    let text = text.trim();
    let mut end = text.len().min(MAX_MESSAGE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_string()
}
