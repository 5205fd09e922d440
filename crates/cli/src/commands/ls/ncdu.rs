//! A listing that `ncdu -f` reads.

use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::tree::{Node, NodeKind, mode};
use serde::Serialize;

use super::Shown;
use crate::exit::Failure;
use crate::output::{Terminal, format, to_json};

/// ncdu counts in blocks.
const BLOCK_BYTES: u64 = 512;

/// Writes folders as nested arrays, as the walk enters and leaves them.
pub(super) struct NcduWriter<'a> {
    terminal: &'a Terminal,
    /// The paths of the folders that are open.
    open: Vec<Vec<u8>>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    asize: u64,
    dsize: u64,
    dev: u64,
    ino: u64,
    nlink: u64,
    notreg: bool,
    uid: u32,
    gid: u32,
    mode: u32,
    mtime: i64,
}

impl<'a> NcduWriter<'a> {
    /// Opens the listing of a snapshot.
    pub(super) fn begin(terminal: &'a Terminal, snapshot: &Snapshot) -> Result<Self, Failure> {
        let about = snapshot.to_json();
        terminal.raw(b"[1, 2, ")?;
        terminal.raw(&about)?;
        terminal.raw(br#", [{"name":"/"}"#)?;
        Ok(Self { terminal, open: Vec::new() })
    }

    /// Closes what is open.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.leave_until(b"")?;
        self.terminal.raw(b"\n]\n]\n")?;
        Ok(())
    }

    /// Closes the folders that `path` is not in.
    fn leave_until(&mut self, path: &[u8]) -> Result<(), Failure> {
        while let Some(folder) = self.open.last() {
            let is_inside =
                path.strip_prefix(folder.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
            if is_inside {
                break;
            }
            self.open.pop();
            self.terminal.raw(format!("\n{}]", self.indent()).as_bytes())?;
        }
        Ok(())
    }

    fn indent(&self) -> String {
        "  ".repeat(self.open.len() + 1)
    }
}

impl Shown for NcduWriter<'_> {
    fn entry(&mut self, path: &[u8], node: &Node) -> Result<(), Failure> {
        self.leave_until(path)?;
        let entry = to_json(&entry(node));
        if node.kind == NodeKind::Folder {
            self.terminal.raw(format!(",\n{}[", self.indent()).as_bytes())?;
            self.open.push(path.to_vec());
            self.terminal.raw(format!("\n{}{entry}", self.indent()).as_bytes())?;
        } else {
            self.terminal.raw(format!(",\n{}{entry}", self.indent()).as_bytes())?;
        }
        Ok(())
    }
}

/// Special bits as the operating system has them.
fn system_mode(bits: u32) -> u32 {
    let special = [(mode::SETUID, 0o4000), (mode::SETGID, 0o2000), (mode::STICKY, 0o1000)];
    let special = special.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, system)| system);
    bits & mode::PERMISSIONS | special.sum::<u32>()
}

fn entry(node: &Node) -> Entry {
    Entry {
        name: format::text(&node.name),
        asize: node.size,
        dsize: node.size.div_ceil(BLOCK_BYTES) * BLOCK_BYTES,
        dev: node.device_id,
        ino: node.inode,
        nlink: node.links,
        notreg: !matches!(node.kind, NodeKind::File | NodeKind::Folder),
        uid: node.uid,
        gid: node.gid,
        mode: system_mode(node.mode),
        mtime: node.modified.seconds,
    }
}
