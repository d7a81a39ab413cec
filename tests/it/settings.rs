//! Settings that do not do: the hub does not start, and says which one it is.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::hub::PATIENCE;

/// How `tickwire hub` ends with these variables, and what it says.
fn hub_with(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut hub = Command::new(env!("CARGO_BIN_EXE_tickwire"))
        .arg("hub")
        .env("TICKWIRE_HTTP__BIND", "127.0.0.1:0")
        .env("TICKWIRE_KAFKA__BROKERS", "127.0.0.1:1")
        .envs(variables.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while hub.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    hub.kill().ok();
    let mut said = String::new();
    hub.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (hub.wait().unwrap().code(), said)
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named_with_what_was_expected() {
    let certificate: &[(&str, &str)] = &[
        ("TICKWIRE_HTTP__TLS_CERT_FILE", "/nowhere.pem"),
        ("TICKWIRE_HTTP__TLS_KEY_FILE", "/nowhere.key"),
    ];
    let wrong: [(&[(&str, &str)], &str); 8] = [
        (&[("TICKWIRE_NOSUCH__THING", "1")], "setting nosuch"),
        (&[("TICKWIRE_LIMITS__SESSIONS_MAX", "0")], "setting limits.sessions_max = 0: a number"),
        (&[("TICKWIRE_HTTP__BIND", "here")], "setting http.bind = here: an address"),
        (&[("TICKWIRE_KAFKA__PROPERTIES__ACKS", "some")], "setting kafka.properties.acks = some: "),
        (
            &[("TICKWIRE_KAFKA__PROPERTIES__SASL_PASWORD", "geheim")],
            "setting kafka.properties.sasl.pasword = (secret): No such configuration property",
        ),
        (&[("TICKWIRE_LOG__FILTER", "tickwire=much=more")], "setting log.filter = tickwire=much"),
        (certificate, "setting http.tls_cert_file = /nowhere.pem: No such file"),
        (&[("TICKWIRE_DATABASE__TLS_CA_FILE", "/nowhere.pem")], "database.tls_ca_file"),
    ];
    for (variables, expected) in wrong {
        let (code, said) = hub_with(variables);
        assert_eq!(code, Some(2), "{variables:?}: {said}");
        assert!(said.contains(expected) && !said.contains("geheim"), "{variables:?}: {said}");
    }
}
