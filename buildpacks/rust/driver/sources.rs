//! The tests that sources declare, for code that does not compile: no binary lists them then.

use crate::targets::Target;
use crate::trust::{marked, Mark};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, PartialEq, Clone)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

const MAX_BYTES: u64 = 4 << 20;
const DEEPEST: usize = 64;

/// What the file system says of the sources of test targets, and of all that stands in folders of tests.
pub fn marks(targets: &[Target]) -> Vec<(PathBuf, Option<Mark>)> {
    let mut paths: Vec<PathBuf> = targets.iter().map(|target| target.path.clone()).collect();
    for target in targets {
        let mut folders = vec![target.folder().join("tests"), target.folder().join("benches")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    _ if path.extension().map_or(false, |suffix| suffix == "rs") => paths.push(path),
                    _ => {}
                }
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| (path.clone(), marked(&path))).collect()
}

/// The names of the tests of a target, from the source of its root and of the modules that it names. What a condition
/// may leave out, what is ignored, and what macros make is not among them.
pub fn tests(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let folder = root.parent().unwrap_or(Path::new(".")).to_path_buf();
    of_file(root, folder, &mut Vec::new(), &mut found);
    found.sort();
    found.dedup();
    found
}

/// `folder` is where the modules of the file are.
fn of_file(file: &Path, folder: PathBuf, scope: &mut Vec<String>, found: &mut Vec<String>) {
    let small = fs::metadata(file).map_or(false, |status| status.len() <= MAX_BYTES);
    if !small || scope.len() > DEEPEST {
        return;
    }
    let text = fs::read(file).unwrap_or_default();
    let tokens = tokens(&String::from_utf8_lossy(&text));
    let here = file.parent().unwrap_or(Path::new(".")).to_path_buf();
    Walk { tokens: &tokens, at: 0, here, scope, found }.items(folder);
}

struct Walk<'a> {
    tokens: &'a [Token],
    at: usize,
    here: PathBuf,
    scope: &'a mut Vec<String>,
    found: &'a mut Vec<String>,
}

/// What attributes say of the item after them.
#[derive(Default)]
struct Attributes {
    test: bool,
    left_out: bool,
    path: Option<String>,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<&Token> {
        self.at += 1;
        self.tokens.get(self.at - 1)
    }

    fn is(&self, ahead: usize, sign: char) -> bool {
        self.tokens.get(self.at + ahead) == Some(&Token::Sign(sign))
    }

    fn word(&self, ahead: usize) -> &str {
        if let Some(Token::Word(word)) = self.tokens.get(self.at + ahead) { word } else { "" }
    }

    /// The items of a module, up to the bracket that closes it.
    fn items(&mut self, folder: PathBuf) {
        let mut before = Attributes::default();
        while self.at < self.tokens.len() && !self.is(0, '}') {
            if self.is(0, '#') {
                self.attribute(&mut before);
            } else if self.word(0) == "mod" && !self.word(1).is_empty() {
                self.module(&folder, &before);
                before = Attributes::default();
            } else if self.word(0) == "fn" && !self.word(1).is_empty() {
                if before.test && !before.left_out {
                    let mut path = self.scope.clone();
                    path.push(self.word(1).to_string());
                    self.found.push(path.join("::"));
                }
                self.skip_item();
                before = Attributes::default();
            } else if self.is(0, '{') {
                self.skip_group();
                before = Attributes::default();
            } else {
                if self.is(0, ';') {
                    before = Attributes::default();
                }
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn module(&mut self, folder: &Path, before: &Attributes) {
        let name = self.word(1).trim_start_matches("r#").to_string();
        let inline = self.is(2, '{');
        self.at += 3;
        if before.left_out {
            if inline {
                self.at -= 1;
                self.skip_group();
            }
            return;
        }
        self.scope.push(name.clone());
        if inline {
            self.items(folder.join(&name));
        } else if let Some(path) = &before.path {
            let file = self.here.join(path);
            let beside = file.parent().unwrap_or(Path::new(".")).to_path_buf();
            of_file(&file, beside, self.scope, self.found);
        } else {
            let (flat, deep) = (folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs"));
            of_file(if flat.is_file() { &flat } else { &deep }, folder.join(&name), self.scope, self.found);
        }
        self.scope.pop();
    }

    fn attribute(&mut self, before: &mut Attributes) {
        self.at += 1;
        let inner = self.is(0, '!');
        self.at += usize::from(inner);
        let start = self.at + 1;
        self.skip_group();
        let tokens = &self.tokens[start.min(self.tokens.len())..(self.at - 1).clamp(start.min(self.tokens.len()), self.tokens.len())];
        if inner {
            return;
        }
        let ends = tokens.iter().position(|token| matches!(token, Token::Sign('(' | '='))).unwrap_or(tokens.len());
        let name = tokens[..ends].iter().rev().find_map(|token| if let Token::Word(word) = token { Some(word.as_str()) } else { None });
        match name {
            Some("test") => before.test = true,
            Some("ignore" | "cfg_attr") => before.left_out = true,
            Some("cfg") => {
                let plain = [Token::Sign('('), Token::Word("test".to_string()), Token::Sign(')')];
                before.left_out |= tokens[ends..] != plain;
            }
            Some("path") => {
                before.path = tokens.iter().find_map(|token| if let Token::Text(text) = token { Some(text.clone()) } else { None });
            }
            _ => {}
        }
    }

    /// To the end of a function: its body, or a semicolon.
    fn skip_item(&mut self) {
        while self.at < self.tokens.len() {
            if self.is(0, '{') {
                return self.skip_group();
            }
            if self.is(0, '(') || self.is(0, '[') {
                self.skip_group();
            } else if let Some(Token::Sign(';')) = self.next() {
                return;
            }
        }
    }

    /// Past a bracket and all that it holds.
    fn skip_group(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.next() {
            match token {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}' | ')' | ']') => depth -= 1,
                _ => {}
            }
            if depth <= 0 {
                return;
            }
        }
    }
}

/// Words, texts and signs, without comments, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let signs: Vec<char> = text.chars().collect();
    let at = |place: usize| signs.get(place).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut place = 0;
    while place < signs.len() {
        let sign = signs[place];
        if sign == '/' && at(place + 1) == '/' {
            place += signs[place..].iter().take_while(|sign| **sign != '\n').count();
        } else if sign == '/' && at(place + 1) == '*' {
            place = after_comment(&signs, place);
        } else if sign == '"' {
            let end = after_text(&signs, place);
            found.push(Token::Text(signs[place + 1..(end - 1).max(place + 1)].iter().collect()));
            place = end;
        } else if sign == '\'' {
            place = after_quote(&signs, place);
        } else if sign.is_alphanumeric() || sign == '_' {
            let end = place + signs[place..].iter().take_while(|sign| sign.is_alphanumeric() || **sign == '_').count();
            let word: String = signs[place..end].iter().collect();
            let hashes = signs[end..].iter().take_while(|sign| **sign == '#').count();
            if word.ends_with('r') && word.len() <= 2 && at(end + hashes) == '"' {
                place = after_raw(&signs, end + hashes + 1, hashes);
            } else if word == "r" && hashes == 1 {
                place = end + 1;
            } else {
                found.push(Token::Word(word));
                place = end;
            }
        } else {
            if !sign.is_whitespace() {
                found.push(Token::Sign(sign));
            }
            place += 1;
        }
    }
    found
}

fn after_comment(signs: &[char], start: usize) -> usize {
    let (mut depth, mut place) = (0, start);
    while place + 1 < signs.len() {
        match (signs[place], signs[place + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return place;
        }
    }
    signs.len()
}

fn after_text(signs: &[char], start: usize) -> usize {
    let mut place = start + 1;
    while place < signs.len() && signs[place] != '"' {
        place += if signs[place] == '\\' { 2 } else { 1 };
    }
    (place + 1).min(signs.len())
}

fn after_raw(signs: &[char], start: usize, hashes: usize) -> usize {
    let after = |place: usize| signs[place + 1..].iter().take(hashes).filter(|sign| **sign == '#').count();
    let closes = |place: usize| signs[place] == '"' && after(place) == hashes;
    (start..signs.len()).find(|place| closes(*place)).map_or(signs.len(), |place| place + 1 + hashes)
}

/// A character, or a lifetime, which has no second quote.
fn after_quote(signs: &[char], start: usize) -> usize {
    match (signs.get(start + 1), signs.get(start + 2)) {
        (Some('\\'), _) => {
            let rest = signs.iter().enumerate().skip(start + 3);
            rest.into_iter().find(|(_, sign)| **sign == '\'').map_or(signs.len(), |(place, _)| place + 1)
        }
        (Some(_), Some('\'')) => start + 3,
        _ => start + 1,
    }
}
