//! Writes nodes as restic does: the same keys, in the same order, left out by the same rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::name::write_name;
use super::{ExtendedAttribute, Node, NodeKind};
use crate::id::RawId;
use crate::json::{write_hex, write_lossy_string, write_number, write_string};
use crate::time::Time;

impl NodeKind {
    /// The word that stands for it in a tree.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "dir",
            Self::Symlink => "symlink",
            Self::BlockDevice => "dev",
            Self::CharDevice => "chardev",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Irregular => "irregular",
        }
    }
}

impl Node {
    /// Appends the node's JSON to `out`, byte for byte as restic writes it.
    ///
    /// Keys that this version does not know stand at the end.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        self.encode_looked_at(out);
        self.encode_completed(out);
        self.encode_stored(out);
    }

    /// The first part: what looking at the entry tells.
    pub(crate) fn encode_looked_at(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"name":"#);
        write_name(&self.name, out);
        out.extend_from_slice(br#","type":""#);
        out.extend_from_slice(self.kind.word().as_bytes());
        out.push(b'"');
        write_unless_zero(br#","mode":"#, self.mode.into(), out);
        self.write_times(out);
        out.extend_from_slice(br#","uid":"#);
        write_number(self.uid.into(), out);
        out.extend_from_slice(br#","gid":"#);
        write_number(self.gid.into(), out);
        write_unless_empty(br#","user":"#, &self.user, out);
        write_unless_empty(br#","group":"#, &self.group, out);
        write_unless_zero(br#","inode":"#, self.inode, out);
        write_unless_zero(br#","device_id":"#, self.device_id, out);
        write_unless_zero(br#","size":"#, self.size, out);
        write_unless_zero(br#","links":"#, self.links, out);
    }

    /// The second part: what it is completed with.
    pub(crate) fn encode_completed(&self, out: &mut Vec<u8>) {
        self.write_link_target(out);
        self.write_extended_attributes(out);
        self.write_generic_attributes(out);
        write_unless_zero(br#","device":"#, self.device, out);
    }

    /// The last part: what its content was stored as.
    pub(crate) fn encode_stored(&self, out: &mut Vec<u8>) {
        self.write_content(out);
        if let Some(subtree) = &self.subtree {
            out.extend_from_slice(br#","subtree":"#);
            write_id(&subtree.0, out);
        }
        write_unless_empty(br#","error":"#, &self.error, out);
        for (key, value) in &self.unknown {
            out.push(b',');
            write_string(key, out);
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
        }
        out.push(b'}');
    }

    fn write_times(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","mtime":""#);
        let start = out.len();
        self.modified.write_to(out);
        let modified = start..out.len();
        let mut write = |key: &[u8], time: Time| {
            out.push(b'"');
            out.extend_from_slice(key);
            if time == self.modified {
                out.extend_from_within(modified.clone());
            } else {
                time.write_to(out);
            }
        };
        write(br#","atime":""#, self.accessed);
        write(br#","ctime":""#, self.changed);
        out.push(b'"');
    }

    fn write_link_target(&self, out: &mut Vec<u8>) {
        if self.link_target.is_empty() {
            return;
        }
        out.extend_from_slice(br#","linktarget":"#);
        write_lossy_string(&self.link_target, out);
        if std::str::from_utf8(&self.link_target).is_err() {
            out.extend_from_slice(br#","linktarget_raw":"#);
            write_base64(&self.link_target, out);
        }
    }

    fn write_extended_attributes(&self, out: &mut Vec<u8>) {
        if self.extended_attributes.is_empty() {
            return;
        }
        out.extend_from_slice(br#","extended_attributes":["#);
        for (nth, ExtendedAttribute { name, value }) in self.extended_attributes.iter().enumerate()
        {
            out.extend_from_slice(if nth == 0 { br#"{"name":"# } else { br#",{"name":"# });
            write_string(name, out);
            out.extend_from_slice(br#","value":"#);
            write_base64(value, out);
            out.push(b'}');
        }
        out.push(b']');
    }

    fn write_generic_attributes(&self, out: &mut Vec<u8>) {
        if self.generic_attributes.is_empty() {
            return;
        }
        out.extend_from_slice(br#","generic_attributes":"#);
        for (nth, (key, value)) in self.generic_attributes.iter().enumerate() {
            out.push(if nth == 0 { b'{' } else { b',' });
            write_string(key, out);
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
        }
        out.push(b'}');
    }

    fn write_content(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","content":"#);
        let Some(content) = &self.content else {
            out.extend_from_slice(b"null");
            return;
        };
        out.push(b'[');
        for (nth, blob) in content.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            write_id(&blob.0, out);
        }
        out.push(b']');
    }
}

fn write_id(id: &RawId, out: &mut Vec<u8>) {
    out.push(b'"');
    write_hex(id.as_bytes(), out);
    out.push(b'"');
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.push(b'"');
}

fn write_unless_zero(key: &[u8], value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        out.extend_from_slice(key);
        write_number(value, out);
    }
}

fn write_unless_empty(key: &[u8], text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        out.extend_from_slice(key);
        write_string(text, out);
    }
}
