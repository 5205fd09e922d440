//! What was found, as lines or as JSON.

use holdfast_engine::find::Found;
use holdfast_engine::id::SnapshotId;
use holdfast_engine::time::Time;
use holdfast_engine::tree::Node;
use serde::Serialize;

use crate::arguments::FindArguments;
use crate::commands::ls::node::{long_line, word};
use crate::exit::Failure;
use crate::output::{Verbosity, format, is_zero_u32, to_json};
use crate::selection::Stored;
use crate::session::Session;

/// Writes what is found, snapshot by snapshot.
pub(super) struct FindWriter<'a> {
    session: &'a Session,
    arguments: &'a FindArguments,
    /// The snapshot that the last entry was in.
    current: Option<SnapshotId>,
    /// How many were found in it; of uses, in all.
    hits: u64,
    has_begun: bool,
    failure: Option<Failure>,
}

/// An entry as restic's JSON has it: the node without its content.
#[derive(Serialize)]
struct Match<'a> {
    path: String,
    permissions: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "is_zero_u32")]
    mode: u32,
    mtime: Time,
    atime: Time,
    ctime: Time,
    uid: u32,
    gid: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    inode: u64,
    #[serde(skip_serializing_if = "is_zero")]
    device_id: u64,
    #[serde(skip_serializing_if = "is_zero")]
    size: u64,
    #[serde(skip_serializing_if = "is_zero")]
    links: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    linktarget: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

/// Where something is used, as restic's JSON has it.
#[derive(Serialize)]
struct Use {
    object_type: &'static str,
    id: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_tree: Option<String>,
    snapshot: String,
    time: Time,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> FindWriter<'a> {
    pub(super) fn new(session: &'a Session, arguments: &'a FindArguments) -> Self {
        Self { session, arguments, current: None, hits: 0, has_begun: false, failure: None }
    }

    /// Writes what was found in a snapshot. A failure to do so is kept for [`Self::failure`].
    pub(super) fn found(&mut self, snapshot: &Stored, found: &Found<'_>) {
        if self.failure.is_none() {
            self.failure = self.write(snapshot, found).err();
        }
    }

    /// The failure to write, if there was one.
    pub(super) fn failure(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Closes the JSON.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        if !self.session.terminal.is_json() {
            return Ok(());
        }
        self.close_snapshot()?;
        let end: &[u8] = if self.has_begun { b"]\n" } else { b"[]\n" };
        Ok(self.session.terminal.raw(end)?)
    }

    fn write(&mut self, snapshot: &Stored, found: &Found<'_>) -> Result<(), Failure> {
        let terminal = &self.session.terminal;
        match found {
            Found::Entry { path, node } if terminal.is_json() => {
                self.json_entry(snapshot, path, node)
            }
            Found::Entry { path, node } => self.entry(snapshot, path, node),
            Found::Blob { path, id, parent } => {
                let (id, parent) = (id.to_string(), Some(parent.to_string()));
                self.used(snapshot, "blob", id, path, parent)
            }
            Found::Tree { path, id } => self.used(snapshot, "tree", id.to_string(), path, None),
            Found::Unreadable { tree, error } => {
                let id = snapshot.0;
                terminal.warn(&format!("Unable to load tree {tree}: {error}"));
                terminal.warn(&format!(" ... which belongs to snapshot {id}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn entry(&mut self, (id, snapshot): &Stored, path: &[u8], node: &Node) -> Result<(), Failure> {
        let terminal = &self.session.terminal;
        let zone = &self.session.zone;
        if self.current != Some(*id) {
            if self.current.is_some() {
                terminal.say(Verbosity::Normal, "");
            }
            self.current = Some(*id);
            let time = format::local_time(&snapshot.time, zone);
            let line = format!("Found matching entries in snapshot {} from {time}", id.short());
            terminal.say(Verbosity::Normal, &line);
        }
        if self.arguments.long {
            terminal.raw(&long_line(path, node, zone, self.arguments.human_readable))?;
        } else {
            terminal.raw(&[path, b"\n"].concat())?;
        }
        Ok(())
    }

    fn json_entry(&mut self, (id, _): &Stored, path: &[u8], node: &Node) -> Result<(), Failure> {
        if self.current != Some(*id) {
            self.close_snapshot()?;
            let begin = if self.has_begun { r#",{"matches":["# } else { r#"[{"matches":["# };
            self.session.terminal.raw(begin.as_bytes())?;
            (self.has_begun, self.current, self.hits) = (true, Some(*id), 0);
        }
        self.element(&entry_object(path, node))
    }

    fn used(
        &mut self,
        (id, snapshot): &Stored,
        kind: &'static str,
        object: String,
        path: &[u8],
        parent: Option<String>,
    ) -> Result<(), Failure> {
        let terminal = &self.session.terminal;
        if terminal.is_json() {
            if !self.has_begun {
                terminal.raw(b"[")?;
                self.has_begun = true;
            }
            return self.element(&to_json(&Use {
                object_type: kind,
                id: object,
                path: format::text(path),
                parent_tree: parent,
                snapshot: id.to_string(),
                time: snapshot.time,
            }));
        }
        terminal.line(&format!("Found {kind} {object}"))?;
        let place: &[u8] = if parent.is_some() { b" ... in file " } else { b" ... path " };
        terminal.raw(&[place, path, b"\n"].concat())?;
        if let Some(parent) = parent {
            terminal.line(&format!("     (tree {parent})"))?;
        }
        let time = format::local_time(&snapshot.time, &self.session.zone);
        Ok(terminal.line(&format!(" ... in snapshot {} ({time})", id.short()))?)
    }

    /// Writes a JSON object into the array that is open.
    fn element(&mut self, object: &str) -> Result<(), Failure> {
        let comma = if self.hits > 0 { "," } else { "" };
        self.hits += 1;
        Ok(self.session.terminal.raw(format!("{comma}{object}").as_bytes())?)
    }

    fn close_snapshot(&self) -> Result<(), Failure> {
        let Some(id) = self.current else { return Ok(()) };
        let end = format!(r#"],"hits":{},"snapshot":"{id}"}}"#, self.hits);
        Ok(self.session.terminal.raw(end.as_bytes())?)
    }
}

fn entry_object(path: &[u8], node: &Node) -> String {
    to_json(&Match {
        path: format::text(path),
        permissions: format::permissions(node.mode),
        kind: word(node.kind),
        mode: node.mode,
        mtime: node.modified,
        atime: node.accessed,
        ctime: node.changed,
        uid: node.uid,
        gid: node.gid,
        user: &node.user,
        group: &node.group,
        inode: node.inode,
        device_id: node.device_id,
        size: node.size,
        links: node.links,
        linktarget: format::text(&node.link_target),
        error: &node.error,
    })
}
