//! A snapshot's JSON: restic's keys in restic's order.

use serde_json::value::RawValue;

use super::fields::Fields;
use super::{Snapshot, SnapshotSummary};
use crate::json::{write_hex, write_number, write_string};
use crate::time::Time;

impl Snapshot {
    /// The bytes to store, as restic writes them.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut object = Object::begin();
        object.time("time", &self.time);
        if let Some(parent) = &self.parent {
            object.id("parent", parent.as_bytes());
        }
        object.id("tree", self.tree.as_bytes());
        object.texts("paths", &self.paths);
        object.text_unless_empty("hostname", &self.hostname);
        object.text_unless_empty("username", &self.username);
        object.number_unless_zero("uid", self.uid.into());
        object.number_unless_zero("gid", self.gid.into());
        if !self.excludes.is_empty() {
            object.texts("excludes", &self.excludes);
        }
        if !self.tags.is_empty() {
            object.texts("tags", &self.tags);
        }
        if let Some(original) = &self.original {
            object.id("original", original.as_bytes());
        }
        object.text_unless_empty("program_version", &self.program_version);
        if let Some(summary) = &self.summary {
            object.raw("summary", &summary.to_json());
        }
        object.unknown(&self.unknown);
        object.end()
    }

    /// Reads what [`to_json`](Self::to_json) and other programs write.
    ///
    /// # Errors
    /// When it is not JSON, a value is of the wrong type, or time or tree are not there.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut fields: Fields = serde_json::from_slice(json)?;
        Ok(Self {
            time: fields.require("time")?,
            parent: fields.take_some("parent")?,
            tree: fields.require("tree")?,
            paths: fields.take("paths")?,
            hostname: fields.take("hostname")?,
            username: fields.take("username")?,
            uid: fields.take("uid")?,
            gid: fields.take("gid")?,
            excludes: fields.take("excludes")?,
            tags: fields.take("tags")?,
            original: fields.take_some("original")?,
            program_version: fields.take("program_version")?,
            summary: match fields.take_some("summary")? {
                Some(fields) => Some(SnapshotSummary::from_fields(fields)?),
                None => None,
            },
            unknown: fields.rest(),
        })
    }
}

impl SnapshotSummary {
    fn numbers(&self) -> [(&'static str, u64); 12] {
        [
            ("files_new", self.files_new),
            ("files_changed", self.files_changed),
            ("files_unmodified", self.files_unmodified),
            ("dirs_new", self.dirs_new),
            ("dirs_changed", self.dirs_changed),
            ("dirs_unmodified", self.dirs_unmodified),
            ("data_blobs", self.data_blobs),
            ("tree_blobs", self.tree_blobs),
            ("data_added", self.data_added),
            ("data_added_packed", self.data_added_packed),
            ("total_files_processed", self.total_files_processed),
            ("total_bytes_processed", self.total_bytes_processed),
        ]
    }

    /// The bytes that stand for it in a snapshot.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut object = Object::begin();
        object.time("backup_start", &self.backup_start);
        object.time("backup_end", &self.backup_end);
        for (key, value) in self.numbers() {
            object.number(key, value);
        }
        object.unknown(&self.unknown);
        object.end()
    }

    fn from_fields(mut fields: Fields) -> Result<Self, serde_json::Error> {
        Ok(Self {
            backup_start: fields.take_some("backup_start")?.unwrap_or(Time::UNSET),
            backup_end: fields.take_some("backup_end")?.unwrap_or(Time::UNSET),
            files_new: fields.take("files_new")?,
            files_changed: fields.take("files_changed")?,
            files_unmodified: fields.take("files_unmodified")?,
            dirs_new: fields.take("dirs_new")?,
            dirs_changed: fields.take("dirs_changed")?,
            dirs_unmodified: fields.take("dirs_unmodified")?,
            data_blobs: fields.take("data_blobs")?,
            tree_blobs: fields.take("tree_blobs")?,
            data_added: fields.take("data_added")?,
            data_added_packed: fields.take("data_added_packed")?,
            total_files_processed: fields.take("total_files_processed")?,
            total_bytes_processed: fields.take("total_bytes_processed")?,
            unknown: fields.rest(),
        })
    }
}

/// An object while it is being written.
struct Object(Vec<u8>);

impl Object {
    fn begin() -> Self {
        Self(b"{".to_vec())
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        write_string(key, &mut self.0);
        self.0.push(b':');
        &mut self.0
    }

    fn raw(&mut self, key: &str, json: &[u8]) {
        self.key(key).extend_from_slice(json);
    }

    fn time(&mut self, key: &str, time: &Time) {
        let out = self.key(key);
        out.push(b'"');
        time.write_to(out);
        out.push(b'"');
    }

    fn id(&mut self, key: &str, id: &[u8; 32]) {
        let out = self.key(key);
        out.push(b'"');
        write_hex(id, out);
        out.push(b'"');
    }

    fn number(&mut self, key: &str, value: u64) {
        write_number(value, self.key(key));
    }

    fn number_unless_zero(&mut self, key: &str, value: u64) {
        if value != 0 {
            self.number(key, value);
        }
    }

    fn text_unless_empty(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            write_string(text, self.key(key));
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        let out = self.key(key);
        out.push(b'[');
        for (nth, text) in texts.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            write_string(text, out);
        }
        out.push(b']');
    }

    fn unknown(&mut self, fields: &[(String, Box<RawValue>)]) {
        for (key, value) in fields {
            self.raw(key, value.get().as_bytes());
        }
    }
}
