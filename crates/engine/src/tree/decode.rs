//! Reads trees, at the speed that reading a parent snapshot or checking a repository needs.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::name::unquote;
use super::reader::{RawText, Reader};
use super::{ExtendedAttribute, Node, NodeKind, Tree, TreeError};
use crate::id::{BlobId, TreeId};
use crate::time::Time;

/// About what a node takes in a tree.
const USUAL_NODE_BYTES: usize = 400;

/// Room is made for so many nodes before the first is read; more come as they are there.
const NODES_RESERVED_MAX: usize = 16 << 10;

/// Reads a tree's JSON.
pub(super) fn decode(bytes: &[u8]) -> Result<Tree, TreeError> {
    let mut left = Nodes::of(bytes)?;
    let reserved = (bytes.len() / USUAL_NODE_BYTES).min(NODES_RESERVED_MAX);
    let mut nodes = Vec::with_capacity(reserved);
    while let Some(node) = left.next()? {
        nodes.push(node);
    }
    Ok(Tree { nodes })
}

/// The nodes of a tree, each read when it is asked for, or passed over by its text.
pub(crate) struct Nodes<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    names: RecentNames,
    is_first: bool,
    /// The name of the last node, once there was one.
    last: Option<Vec<u8>>,
    has_ended: bool,
}

impl<'a> Nodes<'a> {
    /// Those of the tree with this JSON. What is wrong with it may be found at any node, or at the
    /// end.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, TreeError> {
        let mut reader = Reader::new(bytes);
        reader.expect(b'{', "an object")?;
        let mut is_first = true;
        while let Some(key) = reader.key(&mut is_first)? {
            if key.plain() != Some(b"nodes") {
                reader.any()?;
                continue;
            }
            let is_null = reader.take_null();
            if !is_null {
                reader.expect(b'[', "a list of nodes")?;
            }
            let names = RecentNames::default();
            let has_ended = false;
            let mut nodes = Self { bytes, reader, names, is_first: true, last: None, has_ended };
            if is_null {
                nodes.end()?;
            }
            return Ok(nodes);
        }
        match reader.peek() {
            None => reader.refused("a list of nodes"),
            Some(_) => reader.refused("the end of the tree"),
        }
    }

    /// The next node; none after the last, nor after a failure.
    pub(crate) fn next(&mut self) -> Result<Option<Node>, TreeError> {
        if self.has_ended {
            return Ok(None);
        }
        let read = self.read_next();
        self.has_ended |= read.is_err();
        read
    }

    fn read_next(&mut self) -> Result<Option<Node>, TreeError> {
        if !self.reader.element(&mut self.is_first)? {
            self.end()?;
            return Ok(None);
        }
        let node = decode_node(&mut self.reader, &mut self.names)?;
        if self.last.as_ref().is_some_and(|last| *last >= node.name) {
            return Err(TreeError::Order { name: String::from_utf8_lossy(&node.name).into() });
        }
        self.passed(&node.name);
        Ok(Some(node))
    }

    fn passed(&mut self, name: &[u8]) {
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(name);
    }

    /// Reads what stands after the list.
    fn end(&mut self) -> Result<(), TreeError> {
        self.has_ended = true;
        while self.reader.key(&mut false)?.is_some() {
            self.reader.any()?;
        }
        match self.reader.peek() {
            None => Ok(()),
            Some(_) => self.reader.refused("the end of the tree"),
        }
    }

    /// Where the next node's text begins, if nothing stands between it and the last one but what has
    /// to.
    fn next_at(&self) -> Option<usize> {
        let at = self.reader.position();
        match (self.has_ended, self.is_first, self.bytes.get(at)) {
            (false, true, _) => Some(at),
            (false, false, Some(b',')) => Some(at + 1),
            _ => None,
        }
    }

    /// True if the next node's text begins with these bytes.
    pub(crate) fn begins_with(&self, text: &[u8]) -> bool {
        self.next_at().is_some_and(|at| self.bytes[at..].starts_with(text))
    }

    /// Where the next node stands, if these bytes are its text up to the end.
    pub(crate) fn is_next(&self, text: &[u8]) -> Option<Range<usize>> {
        let at = self.next_at().filter(|_| self.begins_with(text))?;
        Some(at..at + text.len())
    }

    /// Where the next node stands, if these bytes are the text of a file up to its content, and
    /// nothing follows that. Fills in the content.
    pub(crate) fn is_next_but_for_content(
        &self,
        text: &[u8],
        content: &mut Vec<BlobId>,
    ) -> Option<Range<usize>> {
        const KEY: &[u8] = br#","content":"#;
        let start = self.next_at().filter(|_| self.begins_with(text))?;
        let list_start = start + text.len() + KEY.len();
        if !self.bytes[start + text.len()..].starts_with(KEY) {
            return None;
        }
        let mut reader = Reader::starting_at(self.bytes, list_start);
        content.clear();
        decode_content(&mut reader, content).ok()?;
        let list_end = reader.position();
        // Brackets; 64 digits, two quotes and a comma for each: with any blank it would be longer.
        let shortest = 2 + content.len() * 67 - usize::from(!content.is_empty());
        let is_all = list_end - list_start == shortest && self.bytes.get(list_end) == Some(&b'}');
        is_all.then_some(start..list_end + 1)
    }

    /// Passes over the next node, which has this name and stands there, as was just found out.
    pub(crate) fn pass(&mut self, name: &[u8], at: &Range<usize>) {
        self.is_first = false;
        self.reader = Reader::starting_at(self.bytes, at.end);
        self.passed(name);
    }
}

fn decode_node(reader: &mut Reader<'_>, names: &mut RecentNames) -> Result<Node, TreeError> {
    let mut node = Node {
        modified: Time::UNSET,
        accessed: Time::UNSET,
        changed: Time::UNSET,
        kind: NodeKind::Irregular,
        ..Node::default()
    };
    reader.expect(b'{', "a node")?;
    let mut is_first = true;
    let mut raw_link_target = None;
    let mut time: (&[u8], Time) = (b"", Time::UNSET);
    let mut next = 0;
    while let Some(text) = reader.key(&mut is_first)? {
        let Some(key) = known_key(text, &mut next) else {
            node.unknown.push((unescaped(reader, text)?, reader.any()?.to_owned()));
            continue;
        };
        if reader.take_null() {
            continue;
        }
        match key {
            Key::Name => node.name = decode_name(reader)?,
            Key::Type => node.kind = decode_kind(reader)?,
            Key::Mode => node.mode = narrow(reader)?,
            Key::Modified => node.modified = decode_time(reader, &mut time)?,
            Key::Accessed => node.accessed = decode_time(reader, &mut time)?,
            Key::Changed => node.changed = decode_time(reader, &mut time)?,
            Key::Uid => node.uid = narrow(reader)?,
            Key::Gid => node.gid = narrow(reader)?,
            Key::User => node.user = names.user.shared(reader)?,
            Key::Group => node.group = names.group.shared(reader)?,
            Key::Inode => node.inode = reader.number()?,
            Key::DeviceId => node.device_id = reader.number()?,
            Key::Size => node.size = reader.number()?,
            Key::Links => node.links = reader.number()?,
            Key::LinkTarget => node.link_target = decode_text(reader)?.into_bytes(),
            Key::RawLinkTarget => raw_link_target = Some(decode_base64(reader)?),
            Key::ExtendedAttributes => {
                node.extended_attributes = decode_extended_attributes(reader)?;
            }
            Key::GenericAttributes => decode_generic_attributes(reader, &mut node)?,
            Key::Device => node.device = reader.number()?,
            Key::Content => {
                decode_content(reader, node.content.insert(Vec::new()))?;
            }
            Key::Subtree => node.subtree = Some(TreeId(reader.id()?)),
            Key::Error => node.error = decode_text(reader)?,
        }
    }
    if let Some(raw) = raw_link_target {
        node.link_target = raw;
    }
    Ok(node)
}

/// What a node can have.
#[derive(Clone, Copy)]
enum Key {
    Name,
    Type,
    Mode,
    Modified,
    Accessed,
    Changed,
    Uid,
    Gid,
    User,
    Group,
    Inode,
    DeviceId,
    Size,
    Links,
    LinkTarget,
    RawLinkTarget,
    ExtendedAttributes,
    GenericAttributes,
    Device,
    Content,
    Subtree,
    Error,
}

/// The keys in the order in which they are written.
const KEYS: [(&[u8], Key); 22] = [
    (b"name", Key::Name),
    (b"type", Key::Type),
    (b"mode", Key::Mode),
    (b"mtime", Key::Modified),
    (b"atime", Key::Accessed),
    (b"ctime", Key::Changed),
    (b"uid", Key::Uid),
    (b"gid", Key::Gid),
    (b"user", Key::User),
    (b"group", Key::Group),
    (b"inode", Key::Inode),
    (b"device_id", Key::DeviceId),
    (b"size", Key::Size),
    (b"links", Key::Links),
    (b"linktarget", Key::LinkTarget),
    (b"linktarget_raw", Key::RawLinkTarget),
    (b"extended_attributes", Key::ExtendedAttributes),
    (b"generic_attributes", Key::GenericAttributes),
    (b"device", Key::Device),
    (b"content", Key::Content),
    (b"subtree", Key::Subtree),
    (b"error", Key::Error),
];

/// Which key it is, if it is one. They come in order, so the search begins at `next`, behind the
/// one before, and nearly always ends at once.
fn known_key(text: RawText<'_>, next: &mut usize) -> Option<Key> {
    let text = text.plain()?;
    let (before, after) = KEYS.split_at(*next);
    let found = after.iter().chain(before).position(|(key, _)| *key == text)?;
    let at = (*next + found) % KEYS.len();
    *next = at + 1;
    Some(KEYS[at].1)
}

fn decode_name(reader: &mut Reader<'_>) -> Result<Vec<u8>, TreeError> {
    let text = reader.text("a name")?;
    if let Some(plain) = text.plain()
        && std::str::from_utf8(plain).is_ok()
    {
        return Ok(plain.to_vec());
    }
    let quoted = unescaped(reader, text)?;
    unquote(quoted.as_bytes()).ok_or(TreeError::Name { quoted })
}

fn decode_kind(reader: &mut Reader<'_>) -> Result<NodeKind, TreeError> {
    Ok(match reader.text("a type")?.plain().unwrap_or_default() {
        b"file" => NodeKind::File,
        b"dir" => NodeKind::Folder,
        b"symlink" => NodeKind::Symlink,
        b"dev" => NodeKind::BlockDevice,
        b"chardev" => NodeKind::CharDevice,
        b"fifo" => NodeKind::Fifo,
        b"socket" => NodeKind::Socket,
        _ => NodeKind::Irregular,
    })
}

fn narrow(reader: &mut Reader<'_>) -> Result<u32, TreeError> {
    let value = reader.number()?;
    u32::try_from(value).or_else(|_| reader.refused("a number of 32 bits"))
}

/// Reads a time; `last` is the one read before, which is often the same.
fn decode_time<'a>(
    reader: &mut Reader<'a>,
    last: &mut (&'a [u8], Time),
) -> Result<Time, TreeError> {
    let text = reader.text("a time")?.plain().unwrap_or_default();
    if text != last.0 {
        match Time::parse(text) {
            Some(time) => *last = (text, time),
            None => return reader.refused("a time"),
        }
    }
    if last.0.is_empty() { reader.refused("a time") } else { Ok(last.1) }
}

fn decode_text(reader: &mut Reader<'_>) -> Result<String, TreeError> {
    let text = reader.text("a string")?;
    unescaped(reader, text)
}

fn unescaped(reader: &Reader<'_>, text: RawText<'_>) -> Result<String, TreeError> {
    match text.unescape() {
        Some(text) => Ok(text),
        None => reader.refused("a string with right escapes"),
    }
}

fn decode_base64(reader: &mut Reader<'_>) -> Result<Vec<u8>, TreeError> {
    let text = decode_text(reader)?;
    STANDARD.decode(text).or_else(|_| reader.refused("base64"))
}

fn decode_extended_attributes(
    reader: &mut Reader<'_>,
) -> Result<Vec<ExtendedAttribute>, TreeError> {
    let mut attributes = Vec::new();
    reader.expect(b'[', "a list of attributes")?;
    let mut is_first = true;
    while reader.element(&mut is_first)? {
        let mut attribute = ExtendedAttribute { name: String::new(), value: Vec::new() };
        reader.expect(b'{', "an attribute")?;
        let mut is_first = true;
        while let Some(key) = reader.key(&mut is_first)? {
            match key.plain() {
                _ if reader.take_null() => {}
                Some(b"name") => attribute.name = decode_text(reader)?,
                Some(b"value") => attribute.value = decode_base64(reader)?,
                _ => drop(reader.any()?),
            }
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn decode_generic_attributes(reader: &mut Reader<'_>, node: &mut Node) -> Result<(), TreeError> {
    reader.expect(b'{', "an object of attributes")?;
    let mut is_first = true;
    while let Some(key) = reader.key(&mut is_first)? {
        let key = unescaped(reader, key)?;
        node.generic_attributes.insert(key, reader.any()?.to_owned());
    }
    Ok(())
}

fn decode_content(reader: &mut Reader<'_>, content: &mut Vec<BlobId>) -> Result<(), TreeError> {
    reader.expect(b'[', "a list of blobs")?;
    let mut is_first = true;
    while reader.element(&mut is_first)? {
        content.push(BlobId(reader.id()?));
    }
    Ok(())
}

/// The users and groups seen last. Most entries of a folder share theirs, and so their memory.
#[derive(Default)]
struct RecentNames {
    user: RecentName,
    group: RecentName,
}

#[derive(Default)]
struct RecentName(Arc<str>);

impl RecentName {
    fn shared(&mut self, reader: &mut Reader<'_>) -> Result<Arc<str>, TreeError> {
        let text = reader.text("a string")?;
        if text.plain() != Some(self.0.as_bytes()) {
            self.0 = unescaped(reader, text)?.into();
        }
        Ok(Arc::clone(&self.0))
    }
}
