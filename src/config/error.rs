//! What is wrong with the settings, said so that it can be put right.

use serde_json::Value;

/// A setting that stops the start.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("settings file {path}: {expected}")]
    File {
        /// Which file.
        path: String,
        /// What the reader said.
        expected: String,
    },
    /// A value that does not do.
    #[error("setting {name} = {value}: {expected}")]
    Wrong {
        /// The setting's full name.
        name: String,
        /// Its value, unless it is secret.
        value: String,
        /// What was expected.
        expected: String,
    },
}

impl SettingsError {
    pub(super) fn of_path(tree: &Value, path: &str, expected: &str) -> Self {
        let value = path.split('.').try_fold(tree, |at, name| at.get(name));
        let secret = ["password", "url", "secret"].iter().any(|word| path.contains(word));
        let value = match value {
            Some(_) if secret => "(secret)".to_owned(),
            Some(value) => value.to_string(),
            None => "(nothing)".to_owned(),
        };
        Self::Wrong { name: path.to_owned(), value, expected: expected.to_owned() }
    }
}
