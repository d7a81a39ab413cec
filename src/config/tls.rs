//! Which settings of encrypted connections belong together.

use super::{Settings, SettingsError};

/// How much of a server's certificate counts, by the words of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS where the server has it; its certificate is not checked.
    Prefer,
    /// TLS or nothing; its certificate is not checked.
    Require,
    /// Its certificate is signed by who is trusted.
    VerifyCa,
    /// And it is of the host that was asked for.
    VerifyFull,
}

impl super::Database {
    /// The address without its `sslmode`, and what counts: the whole certificate where a file of
    /// authorities is given and nothing is said.
    ///
    /// # Errors
    ///
    /// What was expected, where the word is none, or does not go with a file of authorities.
    pub fn address(&self) -> Result<(String, SslMode), String> {
        let (address, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (modes, others): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|pair| pair.starts_with("sslmode="));
        let given = modes.last().and_then(|pair| pair.split_once('=')).map(|(_, word)| word);
        let trusted = self.tls_ca_file.is_some();
        let mode = match given {
            None if trusted => SslMode::VerifyFull,
            None => SslMode::Prefer,
            Some("disable" | "prefer") if trusted => {
                return Err(
                    "sslmode require, verify-ca or verify-full beside database.tls_ca_file, \
                            or none"
                        .into(),
                );
            }
            Some("disable") => SslMode::Disable,
            Some("prefer") => SslMode::Prefer,
            // As PostgreSQL's own clients have it: whoever names authorities wants them asked.
            Some("require") if trusted => SslMode::VerifyCa,
            Some("require") => SslMode::Require,
            Some("verify-ca") => SslMode::VerifyCa,
            Some("verify-full") => SslMode::VerifyFull,
            Some(other) => {
                return Err(format!(
                    "sslmode disable, prefer, require, verify-ca or verify-full, not {other}"
                ));
            }
        };
        let query = others.join("&");
        let address =
            if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") };
        Ok((address, mode))
    }
}

/// Files that make sense only together, and addresses that ask for what the files are for.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let wrong = |name: String, value: &str, expected: &str| {
        Err(SettingsError::Wrong { name, value: value.into(), expected: expected.into() })
    };
    let (database, redis, http) = (&settings.database, &settings.redis, &settings.http);
    for (section, certificate, key) in [
        ("database", &database.tls_cert_file, &database.tls_key_file),
        ("redis", &redis.tls_cert_file, &redis.tls_key_file),
        ("http", &http.tls_cert_file, &http.tls_key_file),
    ] {
        let (missing, beside) = match (certificate, key) {
            (Some(_), None) => ("tls_key_file", "tls_cert_file"),
            (None, Some(_)) => ("tls_cert_file", "tls_key_file"),
            (None, None) | (Some(_), Some(_)) => continue,
        };
        let expected = format!("a PEM file beside {section}.{beside}, or neither");
        return wrong(format!("{section}.{missing}"), "(nothing)", &expected);
    }
    if let Err(expected) = database.address() {
        return wrong("database.url".into(), "(secret)", &expected);
    }
    let files = [("tls_ca_file", &redis.tls_ca_file), ("tls_cert_file", &redis.tls_cert_file)];
    let encrypted = redis.url.as_ref().is_some_and(|url| url.starts_with("rediss://"));
    match files.iter().find_map(|(name, file)| Some((name, file.as_ref()?))) {
        Some((name, file)) if !encrypted => {
            wrong(format!("redis.{name}"), file, "a rediss:// address in redis.url beside it")
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Database, load};
    use super::*;

    fn address(url: &str, trusted: bool) -> Result<(String, SslMode), String> {
        let tls_ca_file = trusted.then(|| "/ca.pem".to_owned());
        Database { url: url.into(), tls_ca_file, ..Database::default() }.address()
    }

    #[test]
    fn a_file_of_authorities_makes_certificates_count() {
        let bare = "postgresql://h/d";
        assert_eq!(address(bare, false), Ok((bare.into(), SslMode::Prefer)));
        assert_eq!(address(bare, true), Ok((bare.into(), SslMode::VerifyFull)));
        let url = "postgresql://h/d?sslmode=require&connect_timeout=3";
        let rest = "postgresql://h/d?connect_timeout=3";
        assert_eq!(address(url, false), Ok((rest.into(), SslMode::Require)));
        assert_eq!(address(url, true), Ok((rest.into(), SslMode::VerifyCa)));
        assert!(address("postgresql://h/d?sslmode=prefer", true).is_err());
        assert!(address("postgresql://h/d?sslmode=allow", false).unwrap_err().contains("allow"));
    }

    #[test]
    fn half_of_what_belongs_together_is_told_by_the_name_of_the_other_half() {
        for (given, missing) in [
            ("HTTP__TLS_CERT_FILE", "http.tls_key_file"),
            ("HTTP__TLS_KEY_FILE", "http.tls_cert_file"),
            ("REDIS__TLS_CA_FILE", "redis.tls_ca_file"),
        ] {
            let variable = (format!("TICKWIRE_{given}"), "/x.pem".to_owned());
            let text = load(None, [variable].into_iter()).unwrap_err().to_string();
            assert!(text.contains(missing), "{text}");
        }
    }
}
