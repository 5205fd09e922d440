//! The names of things in a repository: SHA-256 sums, each with a type of its own.
//!
//! A [`PackId`] cannot be passed where a [`BlobId`] is wanted. On disk and in JSON every id is 64
//! lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::sum;

/// Thirty-two bytes that name a file of a repository before it is known what kind of file it is.
///
/// ```
/// use holdfast_engine::id::RawId;
///
/// let id = RawId::of(b"");
/// let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// assert_eq!(id.to_string(), text);
/// assert_eq!(id.short(), "e3b0c442");
/// assert_eq!(text.parse::<RawId>()?, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawId([u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of 64 lower-case hexadecimal digits")]
pub struct IdError {
    /// What was given.
    pub text: String,
}

impl RawId {
    /// Number of bytes in an id.
    pub const LENGTH: usize = 32;

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 sum of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The sums of several messages, in their order: quicker than one after the other.
    #[must_use]
    pub fn of_all<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<Self> {
        sum::of_all(messages)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight digits, as people see an id.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for RawId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError { text: text.to_owned() };
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| refused())?;
        // An index has millions of ids, so what is no digit is looked for once for all 64.
        let (mut bytes, mut met) = ([0u8; 32], 0);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| HEX_VALUES[usize::from(digit)]);
            met |= high | low;
            *byte = high << 4 | low & 0xf;
        }
        if met & NO_DIGIT == 0 { Ok(Self(bytes)) } else { Err(refused()) }
    }
}

/// Stands in [`HEX_VALUES`] for what is no digit.
const NO_DIGIT: u8 = 0x80;

/// What each character stands for.
const HEX_VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let digits = b"0123456789abcdef";
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};

impl Serialize for RawId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RawId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = RawId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub RawId);

        impl $name {
            /// The id of what has these bytes.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(RawId::of(bytes))
            }

            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(RawId::from_bytes(bytes))
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }

            /// The first eight digits, as people see an id.
            #[must_use]
            pub fn short(&self) -> String {
                self.0.short()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }

        impl From<RawId> for $name {
            fn from(id: RawId) -> Self {
                Self(id)
            }
        }
    };
}

id_type! {
    /// Names a snapshot: the sum of its stored file.
    SnapshotId
}
id_type! {
    /// Names a pack: the sum of the whole file.
    PackId
}
id_type! {
    /// Names a blob of either kind: the sum of its plaintext.
    BlobId
}
id_type! {
    /// Names a tree: the sum of its JSON, and so the [`BlobId`] of the tree blob that holds it.
    TreeId
}
id_type! {
    /// Names an index file: the sum of its stored file.
    IndexId
}
id_type! {
    /// Names a key file: the sum of the file.
    KeyId
}
id_type! {
    /// Names a lock: the sum of its stored file, and so a new one at each refresh.
    LockId
}

impl From<TreeId> for BlobId {
    fn from(id: TreeId) -> Self {
        Self(id.0)
    }
}

impl From<BlobId> for TreeId {
    fn from(id: BlobId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_characters_the_lower_case_digits_are_taken_in_every_place() {
        for character in (0..=127u8).map(char::from) {
            for place in 0..64 {
                let mut text = "0".repeat(64);
                text.replace_range(place..=place, &character.to_string());
                let is_digit = matches!(character, '0'..='9' | 'a'..='f');
                assert_eq!(text.parse::<RawId>().is_ok(), is_digit, "{character:?} at {place}");
            }
        }
    }

    #[test]
    fn an_id_is_written_and_read_as_64_digits() {
        let id = BlobId::of(b"");
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse::<BlobId>(), Ok(id));
    }

    #[test]
    fn upper_case_short_and_foreign_texts_are_no_ids() {
        for text in ["", "e3b0", &"E".repeat(64), &"g".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<RawId>().is_err(), "{text}");
        }
    }
}
