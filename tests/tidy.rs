//! The house rules a compiler cannot check: doors between rooms, who may name which crate, sizes.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom: a room may name only the rooms on its right.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &[]),
    ("wire", &["domain"]),
    ("telemetry", &["config"]),
    ("store", &["domain", "wire", "config", "telemetry"]),
    ("feeds", &["domain", "wire", "config", "telemetry"]),
    ("actors", &["domain", "wire", "store", "feeds", "config", "telemetry"]),
    ("http", &["domain", "wire", "store", "actors", "config", "telemetry"]),
    ("truth", &["domain", "wire", "feeds"]),
    (
        "app",
        &["domain", "wire", "store", "feeds", "actors", "http", "truth", "config", "telemetry"],
    ),
];

/// A word, and the only places under `src` whose files may hold it.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("rdkafka", &["feeds/kafka/"]),
    ("tokio_postgres", &["store/"]),
    ("redis", &["store/"]),
    ("deadpool_postgres", &["store/"]),
    ("refinery", &["store/"]),
    ("rustls", &["store/", "http/tls.rs", "feeds/live/tls.rs", "main.rs"]),
    ("tokio_tungstenite", &["feeds/live/"]),
    ("reqwest", &["feeds/live/"]),
    ("actix_web_actors", &["http/ws.rs", "actors/session/socket.rs"]),
    ("actix", &["actors/", "http/", "app/"]),
    (
        "Instant::now",
        &[
            "actors/",
            "http/",
            "app/",
            "feeds/kafka/",
            "feeds/live/clock.rs",
            "feeds/replay.rs",
            "store/breaker.rs",
        ],
    ),
    ("unsafe", &["feeds/kafka/identity.rs"]),
    ("anyhow", &["app/", "main.rs"]),
    // The crate's path; the room of the same name is never written so.
    ("::dbn", &["feeds/dbn/"]),
    ("::csv", &["feeds/csv/"]),
];

/// Names that say nothing.
const NO_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc"];

const FILE_LINES_MAX: usize = 500;
const MAIN_LINES_MAX: usize = 60;

#[test]
fn rooms_import_only_downward() {
    let faults = faults_of(|file, text| {
        let room = room_of(file);
        let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room)?;
        let others = ROOMS.iter().map(|(name, _)| *name);
        let mut shut = others.filter(|other| *other != room && !allowed.contains(other));
        shut.find(|other| names_room(text, other)).map(|other| format!("imports {other}"))
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let faults = faults_of(|file, text| {
        let place = file.strip_prefix("src").ok()?.to_str()?.to_owned();
        let code = code_of(text);
        KEPT_IN
            .iter()
            .filter(|(_, places)| !places.iter().any(|allowed| place.starts_with(allowed)))
            .find(|(word, _)| names_crate(&code, word))
            .map(|(word, _)| format!("names {word}"))
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn no_file_outgrows_a_reader() {
    let faults = faults_of(|file, text| {
        let limit = if file.ends_with("main.rs") { MAIN_LINES_MAX } else { FILE_LINES_MAX };
        let lines = text.lines().count();
        (limit < lines).then(|| format!("has {lines} lines"))
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_file_says_what_it_is() {
    let faults = faults_of(|_, text| {
        (!text.starts_with("//! ")).then(|| "does not open with what it is".to_owned())
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn names_say_something_and_nothing_is_left_unfinished() {
    let faults = faults_of(|file, text| {
        let stem = file.file_stem()?.to_str()?;
        let marks = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"];
        let mark = marks.into_iter().find(|mark| text.contains(mark));
        let nameless = NO_NAMES.contains(&stem).then_some("a name that says nothing");
        nameless.or(mark).map(str::to_owned)
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn an_open_door_is_seen() {
    assert!(names_room("use crate::actors::feed::Feed;", "actors"));
    assert!(names_room("let x = crate::http::serve();", "http"));
    assert!(!names_room("// crates are actors too", "actors"));
    assert!(names_crate("use rdkafka::Message;", "rdkafka"));
    assert!(!names_crate("use actix_web::App;", "actix"));
}

fn names_room(text: &str, room: &str) -> bool {
    text.contains(&format!("crate::{room}::")) || text.contains(&format!("crate::{room};"))
}

/// The word as the beginning of a path or statement: `actix` is not named by `actix_web`.
fn names_crate(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + word.len()..];
        let part = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part && ["::", "(", " {", " fn"].iter().any(|next| after.starts_with(next))
    })
}

/// The lines that are not comments, up to the tests at the end of a file.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room_of(file: &Path) -> String {
    let mut parts = file.components().skip(1);
    let room = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    room.unwrap_or_default()
}

fn faults_of(fault: impl Fn(&Path, &str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if let Some(what) = fault(&file, &text) {
            faults.push(format!("{} {what}", file.display()));
        }
    }
    faults
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
