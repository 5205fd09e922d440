//! An object's fields in their order, so that those that are not known can be put back.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The fields of a JSON object that have not been taken yet.
pub(super) struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// The value of a field; its type's default if it is not there or `null`.
    pub(super) fn take<T: DeserializeOwned + Default>(
        &mut self,
        key: &str,
    ) -> Result<T, serde_json::Error> {
        Ok(self.take_some(key)?.unwrap_or_default())
    }

    /// The value of a field that has to be there.
    pub(super) fn require<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
    ) -> Result<T, serde_json::Error> {
        self.take_some(key)?.ok_or_else(|| serde_json::Error::missing_field(key))
    }

    /// The value of a field, if it is there and not `null`.
    pub(super) fn take_some<T: DeserializeOwned>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, serde_json::Error> {
        let mut found = None;
        // Like Go, the last of several with one name counts.
        while let Some(at) = self.0.iter().position(|(name, _)| name == key) {
            found = serde_json::from_str(self.0.remove(at).1.get())?;
        }
        Ok(found)
    }

    /// What was not taken.
    pub(super) fn rest(self) -> Vec<(String, Box<RawValue>)> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}
