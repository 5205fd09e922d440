//! A repository's own file: format version, id and chunker polynomial.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::RawId;

/// What the file `config` says.
///
/// ```
/// let letter = holdfast_testkit::letter();
/// let config = letter.test.repository.config();
/// assert_eq!(config.version, 2);
/// assert_eq!(config.foreign_setting(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryConfig {
    /// The format, 1 or 2.
    pub version: u32,
    /// Random, made with the repository; 64 hexadecimal digits.
    pub id: RawId,
    /// The polynomial that decides where files are cut, in hexadecimal digits.
    pub chunker_polynomial: String,
    /// Keys that restic does not know.
    #[serde(flatten)]
    unknown: BTreeMap<String, serde_json::Value>,
}

/// The oldest and newest format that this engine reads and writes.
pub const FORMAT_VERSIONS: std::ops::RangeInclusive<u32> = 1..=2;

/// rustic's settings that say where else files are cut. A writer that ignored them would store every
/// file a second time, cut differently.
const FOREIGN_CHUNKER_KEYS: [&str; 4] =
    ["chunker", "chunk_size", "chunk_min_size", "chunk_max_size"];

impl RepositoryConfig {
    /// The config of a new repository.
    #[must_use]
    pub fn new(version: u32, id: RawId, chunker_polynomial: String) -> Self {
        Self { version, id, chunker_polynomial, unknown: BTreeMap::new() }
    }

    /// A setting of another program that this engine would have to honour when it writes, and cannot.
    #[must_use]
    pub fn foreign_setting(&self) -> Option<&str> {
        let is_restics = |key: &str, value: &serde_json::Value| {
            value.is_null() || (key == "chunker" && value == "rabin")
        };
        FOREIGN_CHUNKER_KEYS
            .into_iter()
            .find(|key| self.unknown.get(*key).is_some_and(|value| !is_restics(key, value)))
            .or_else(|| {
                (self.unknown.get("append_only") == Some(&serde_json::Value::Bool(true)))
                    .then_some("append_only")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_restics_order_and_nothing_else() {
        let config = RepositoryConfig::new(2, RawId::of(b"x"), "3da3358b4dc173".to_owned());
        let json = serde_json::to_string(&config).expect("json");
        let id = RawId::of(b"x");
        assert_eq!(
            json,
            format!(r#"{{"version":2,"id":"{id}","chunker_polynomial":"3da3358b4dc173"}}"#)
        );
    }

    #[test]
    fn settings_that_change_the_chunks_are_foreign() {
        let with = |extra: &str| -> RepositoryConfig {
            let id = RawId::of(b"x");
            serde_json::from_str(&format!(
                r#"{{"version":2,"id":"{id}","chunker_polynomial":"3da3358b4dc173"{extra}}}"#
            ))
            .expect("json")
        };
        assert_eq!(with("").foreign_setting(), None);
        assert_eq!(with(r#","treepack_size":5"#).foreign_setting(), None);
        assert_eq!(with(r#","chunker":"rabin""#).foreign_setting(), None);
        assert_eq!(with(r#","chunker":"fixed_size""#).foreign_setting(), Some("chunker"));
        assert_eq!(with(r#","chunk_size":4096"#).foreign_setting(), Some("chunk_size"));
        assert_eq!(with(r#","append_only":true"#).foreign_setting(), Some("append_only"));
    }
}
