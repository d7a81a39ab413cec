//! Each record against a list of what the vendor's own library reads.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::{Row, TruthError};
use crate::feeds::capture::unpacked;
use crate::feeds::dbn::{Reader, fields};

/// Records of a list, by the file that it names.
type Listed = BTreeMap<String, Vec<Map<String, Value>>>;

fn listed(list: &Path) -> Result<Listed, TruthError> {
    let unreadable = |fault: String| TruthError::of(list, fault);
    let opened = unpacked(list).map_err(|error| unreadable(error.to_string()))?;
    let mut by_file = Listed::new();
    for line in opened.lines() {
        let line = line.map_err(|error| unreadable(error.to_string()))?;
        let record: Map<String, Value> =
            serde_json::from_str(&line).map_err(|error| unreadable(error.to_string()))?;
        let Some(Value::String(file)) = record.get("file").cloned() else {
            return Err(unreadable("a record that names no file".to_owned()));
        };
        by_file.entry(file).or_default().push(record);
    }
    Ok(by_file)
}

/// Records as the vendor's library has them; a record more than there is one that is not equal.
pub(super) fn as_decoded(set: &str, list: &Path, files: &[PathBuf]) -> Result<Row, TruthError> {
    let root = list.parent().unwrap_or(Path::new(""));
    let (mut equal, mut total, mut values) = (0, 0, 0);
    for (name, theirs) in listed(list)? {
        total += theirs.len();
        let file = root.join(&name);
        if !files.contains(&file) {
            tracing::warn!(set, name, "the list tells of a file that is not there");
            continue;
        }
        let unreadable = |fault: String| TruthError::of(&file, fault);
        let mut reader = Reader::open(&file).map_err(|error| unreadable(error.to_string()))?;
        let mut theirs = theirs.into_iter();
        while let Some(record) =
            reader.next_record().map_err(|error| unreadable(error.to_string()))?
        {
            let ours = fields(record).map_err(|error| unreadable(error.to_string()))?;
            let Some(theirs) = theirs.next() else {
                total += 1;
                continue;
            };
            match differing(&ours, &theirs) {
                Ok(count) => (equal, values) = (equal + 1, values + count),
                Err(field) => tracing::warn!(set, name, field, "a record differs"),
            }
        }
    }
    let compared = format!("records as the vendor's library decodes them ({values} values)");
    Ok(Row::new(set, compared, equal, total))
}

/// How many values of a record are equal, or the first that is not.
fn differing(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> Result<usize, String> {
    let mut count = 0;
    for (name, theirs) in theirs {
        // Where the record stands in their list, and what they tell again beside `levels`.
        let is_of_list = ["file", "i", "type", "ts_index", "ts_out"].contains(&name.as_str());
        let is_again = name.rsplit_once('_').is_some_and(|(_, level)| {
            level.len() == 2 && level.bytes().all(|digit| digit.is_ascii_digit())
        });
        if is_of_list || is_again {
            continue;
        }
        let told = ours.get(name).ok_or_else(|| name.clone())?;
        match (told.as_array(), theirs.as_array()) {
            (Some(ours), Some(theirs)) if ours.len() == theirs.len() => {
                for pair in ours.iter().zip(theirs) {
                    let (Value::Object(ours), Value::Object(theirs)) = pair else {
                        return Err(name.clone());
                    };
                    count += differing(ours, theirs).map_err(|field| format!("{name}: {field}"))?;
                }
            }
            (None, None) if is_same(told, theirs) => count += 1,
            _ => return Err(format!("{name}: {told} here, {theirs} there")),
        }
    }
    Ok(count)
}

/// The two ways of writing say the same: numbers as text or bare, words of the library with their
/// number (`<Side.BID: 66>`), and what is not defined as null or as the value that stands for it.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => match text.strip_prefix('<').and_then(|at| at.split_once(": ")) {
            Some((_, number)) => number.trim_end_matches('>').to_owned(),
            None => text.trim_matches('\0').to_owned(),
        },
        Value::Bool(true) => "Y".to_owned(),
        Value::Bool(false) => "N".to_owned(),
        Value::Null => "~".to_owned(),
        other => other.to_string(),
    };
    let undefined = ["", "18446744073709551615", "9223372036854775807"];
    let (ours, theirs) = (plain(ours), plain(theirs));
    ours == theirs || ours == "~" && undefined.contains(&theirs.as_str())
}
