//! Servers of a kind of their own, beside those that all tests share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Servers in a working folder of their own; stopped at the end.
pub struct Servers {
    home: PathBuf,
    /// The settings that reach them, as variables.
    pub settings: Vec<(String, String)>,
}

impl Servers {
    /// Starts what the options of `tools/services` leave; the variables say of which kind.
    pub fn start(name: &str, options: &[&str], variables: &[(&str, &str)]) -> Self {
        crate::hub::choose_tls();
        let of_tests = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tickwire/test");
        let home = std::env::var("TICKWIRE_HOME").map_or(of_tests, PathBuf::from).join(name);
        let mut servers = Self { home, settings: Vec::new() };
        // What a test that was killed has left knows other certificates and passwords.
        servers.call("down", &[], &[]);
        std::fs::remove_dir_all(&servers.home).unwrap();
        servers.call("up", options, variables);
        let told = Command::new("bash")
            .args(["-c", "set -a && . \"$1\" && env -0", "-"])
            .arg(servers.home.join("services.env"))
            .env_clear()
            .output()
            .unwrap();
        servers.settings = String::from_utf8(told.stdout)
            .unwrap()
            .split('\0')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| name.starts_with("TICKWIRE_"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        servers
    }

    /// The value of a setting that reaches them.
    pub fn setting(&self, name: &str) -> &str {
        let found = self.settings.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no {name} among the servers' settings")).1
    }

    fn call(&self, what: &str, options: &[&str], variables: &[(&str, &str)]) {
        let mut command = Command::new("tools/services");
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg(what).args(options);
        // Servers that somebody else keeps are no substitute for these.
        for (name, _) in std::env::vars().filter(|(name, _)| name.contains("__")) {
            command.env_remove(name);
        }
        command.env("TICKWIRE_HOME", &self.home).envs(variables.iter().copied());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || std::thread::panicking(), "{what}: {said}");
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.call("down", &[], &[]);
    }
}

/// Whether `./test` was given servers to test against, so that no others are to be started.
pub fn are_given() -> bool {
    let given = std::env::var("TICKWIRE_TEST_GIVEN").is_ok();
    if given {
        eprintln!("skipped: it needs servers of its own, and ./test was given others");
    }
    given
}
