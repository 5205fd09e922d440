//! The secret parts of hooks: one entry of the keychain for each hook, and never anywhere else.

use std::collections::BTreeMap;

use holdfast_engine::secret::Password;
use serde::{Deserialize, Serialize};

use super::channel::host_of;
use crate::api::{HookSecrets, HookSecretsView, Secret};

/// The secret parts of one hook.
#[derive(Clone, Default)]
pub(crate) struct HookKeys {
    pub(crate) address: Option<Password>,
    pub(crate) token: Option<Password>,
    pub(crate) headers: BTreeMap<String, Password>,
}

/// A part of a secret that is shorter than this is too common a word to be hidden.
const HIDDEN_CHARS_MIN: usize = 6;

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

/// How the entry in the keychain is written: straight into the text that is wiped.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    headers: BTreeMap<&'a str, &'a str>,
}

/// How it is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Read {
    address: Option<Secret>,
    token: Option<Secret>,
    headers: BTreeMap<String, Secret>,
}

impl HookKeys {
    /// The entry in the keychain.
    pub(crate) fn entry(&self) -> Password {
        let headers = self.headers.iter();
        let written = Written {
            address: self.address.as_ref().map(Password::expose),
            token: self.token.as_ref().map(Password::expose),
            headers: headers.map(|(name, value)| (name.as_str(), value.expose())).collect(),
        };
        Password::new(serde_json::to_string(&written).expect("texts can always be written"))
    }

    /// What an entry in the keychain holds; nothing, if somebody else wrote it.
    pub(crate) fn of_entry(entry: &Password) -> Self {
        let read: Read = serde_json::from_str(entry.expose()).unwrap_or_default();
        let headers = read.headers.into_iter();
        Self {
            address: read.address.map(|Secret(text)| text),
            token: read.token.map(|Secret(text)| text),
            headers: headers.map(|(name, Secret(text))| (name, text)).collect(),
        }
    }

    /// With what a person entered: what is absent stays, what is empty goes.
    pub(crate) fn with(self, entered: &HookSecrets) -> Self {
        let taken = |entered: &Option<Secret>, before| match entered {
            Some(Secret(text)) if text.is_empty() => None,
            Some(Secret(text)) => Some(text.clone()),
            None => before,
        };
        let headers = match &entered.headers {
            Some(headers) => {
                let named = headers.iter().filter(|(_, Secret(text))| !text.is_empty());
                named.map(|(name, Secret(text))| (name.clone(), text.clone())).collect()
            }
            None => self.headers,
        };
        Self {
            address: taken(&entered.address, self.address),
            token: taken(&entered.token, self.token),
            headers,
        }
    }

    /// True if there is nothing to keep.
    pub(crate) fn is_empty(&self) -> bool {
        self.address.is_none() && self.token.is_none() && self.headers.is_empty()
    }

    /// What may be known of them.
    pub(crate) fn view(&self) -> HookSecretsView {
        HookSecretsView {
            address: self.address.as_ref().and_then(|address| host_of(address.expose())),
            token: self.token.is_some(),
            headers: self.headers.keys().cloned().collect(),
            state: None,
        }
    }

    /// A text without them and without their parts, for a server may say what it was told.
    pub(crate) fn hidden(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = Vec::new();
        for secret in self.headers.values().chain(&self.token) {
            secrets.push(secret.expose());
            secrets.extend(secret.expose().split_whitespace());
        }
        if let Some(address) = &self.address {
            secrets.push(address.expose());
            // The server's own name is no secret, whatever follows it is.
            let after_host = address.expose().splitn(4, '/').nth(3).unwrap_or_default();
            secrets.push(after_host);
            secrets.extend(after_host.split(['/', '?', '&', '=', '#']));
            if let Some((user, _)) = address.expose().split_once('@') {
                secrets.extend(user.split(['/', ':']));
            }
        }
        secrets.retain(|secret| secret.chars().count() >= HIDDEN_CHARS_MIN && *secret != "https:");
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in secrets {
            text = text.replace(secret, HIDDEN);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret(Password::new(text)))
    }

    fn keys() -> HookKeys {
        let headers = [("X-Key".to_owned(), Secret(Password::new("Bearer abcdefgh")))];
        HookKeys::default().with(&HookSecrets {
            address: secret("https://hooks.example.org/services/T0001/B1xyzzy99"),
            token: secret("s3cret-token"),
            headers: Some(headers.into()),
        })
    }

    #[test]
    fn what_was_kept_is_read_again() {
        let read = HookKeys::of_entry(&keys().entry());
        let address = read.address.expect("an address");
        assert_eq!(address.expose(), "https://hooks.example.org/services/T0001/B1xyzzy99");
        assert_eq!(read.headers["X-Key"].expose(), "Bearer abcdefgh");
    }

    #[test]
    fn what_is_absent_stays_and_what_is_empty_goes() {
        let entered = HookSecrets { token: secret(""), ..HookSecrets::default() };
        let then = keys().with(&entered);
        assert!(then.token.is_none() && then.address.is_some() && then.headers.len() == 1);
    }

    #[test]
    fn of_an_address_only_the_server_is_shown() {
        let view = keys().view();
        assert_eq!(view.address.as_deref(), Some("hooks.example.org"));
    }

    #[test]
    fn nothing_of_a_secret_is_left_in_what_a_server_said() {
        let said = "no service /services/T0001/B1xyzzy99 for s3cret-token, abcdefgh; see \
                    hooks.example.org";
        let hidden = keys().hidden(said);
        for part in ["B1xyzzy99", "s3cret", "abcdefgh"] {
            assert!(!hidden.contains(part), "{hidden}");
        }
        assert!(hidden.contains("hooks.example.org"), "{hidden}");
    }
}
