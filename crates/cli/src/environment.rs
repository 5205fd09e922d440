//! The environment variables that stand for flags.
//!
//! Each is known as `RESTIC_X` and as `HOLDFAST_X`; the latter wins, and a flag wins over both.
//! A variable that is set but empty counts as not set, as restic has it.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::str::FromStr;

use crate::exit::Failure;

type Read = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// The variables, read through a function so that tests bring their own.
pub(crate) struct Environment {
    read: Box<Read>,
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self { read: Box::new(|name| std::env::var_os(name)) }
    }

    /// What the names begin with; the first wins.
    pub(crate) const PREFIXES: [&'static str; 2] = ["HOLDFAST_", "RESTIC_"];

    /// `HOLDFAST_name`, else `RESTIC_name`.
    pub(crate) fn get_os(&self, name: &str) -> Option<OsString> {
        Self::PREFIXES.iter().find_map(|prefix| self.get_os_from(prefix, name))
    }

    /// The variable with this prefix alone.
    pub(crate) fn get_os_from(&self, prefix: &str, name: &str) -> Option<OsString> {
        (self.read)(&format!("{prefix}{name}")).filter(|value| !value.is_empty())
    }

    /// The same as text.
    pub(crate) fn get_from(&self, prefix: &str, name: &str) -> Option<String> {
        self.get_os_from(prefix, name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The same as text; what is not Unicode is replaced.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.get_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The value of a variable with one of these prefixes, of which the first wins; refused by its
    /// name if it cannot be understood.
    pub(crate) fn value<T>(&self, prefixes: &[&str], name: &str) -> Result<Option<T>, Failure>
    where
        T: FromStr<Err: Display>,
    {
        let known = prefixes.iter().find_map(|prefix| Some((prefix, self.get_from(prefix, name)?)));
        let Some((prefix, text)) = known else { return Ok(None) };
        text.parse().map(Some).map_err(|why| {
            Failure::fatal(format!("invalid value for {prefix}{name} {text:?}: {why}"))
        })
    }

    /// A variable that is neither restic's nor ours, such as one named in a pattern file.
    pub(crate) fn plain(&self, name: &OsStr) -> Option<OsString> {
        (self.read)(&name.to_string_lossy())
    }

    #[cfg(test)]
    pub(crate) fn of_pairs(pairs: &[(&str, &str)]) -> Self {
        let pairs: Vec<(String, OsString)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        let read = move |name: &str| {
            pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        Self { read: Box::new(read) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_variable_wins_over_the_one_of_restic() {
        let environment =
            Environment::of_pairs(&[("RESTIC_REPOSITORY", "/r"), ("HOLDFAST_REPOSITORY", "/h")]);
        assert_eq!(environment.get("REPOSITORY").as_deref(), Some("/h"));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let environment = Environment::of_pairs(&[("RESTIC_HOST", "r"), ("HOLDFAST_HOST", "")]);
        assert_eq!(environment.get("HOST").as_deref(), Some("r"));
        assert_eq!(environment.get("PASSWORD"), None);
    }
}
