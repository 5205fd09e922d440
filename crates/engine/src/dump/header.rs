//! Blocks of a tar archive: the old form if everything fits, else records of a PAX header before it.
//!
//! The choices are those of Go's `archive/tar`, so that archives are equal to restic's.

use std::collections::BTreeMap;

use super::acl;
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};

/// Everything in an archive is a multiple of this.
pub(super) const BLOCK_BYTES: usize = 512;

/// One block.
pub(super) type Block = [u8; BLOCK_BYTES];

/// Records of a PAX header may not be longer than this in all.
const RECORDS_BYTES_MAX: usize = 1 << 20;

const NAME_BYTES: usize = 100;
const PREFIX_BYTES: usize = 155;
const PERSON_BYTES: usize = 32;

/// What stands in front of an entry's content.
#[derive(Debug)]
pub(super) struct Header<'a> {
    name: &'a [u8],
    link: &'a [u8],
    kind: u8,
    mode: u64,
    uid: u64,
    gid: u64,
    size: u64,
    seconds: i64,
    user: &'a str,
    group: &'a str,
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl<'a> Header<'a> {
    /// The header of an entry that goes by `name` in the archive.
    pub(super) fn of(name: &'a [u8], node: &'a Node) -> Self {
        let special = [(mode::SETUID, 0o4000), (mode::SETGID, 0o2000), (mode::STICKY, 0o1000)];
        let special = special.iter().filter(|(bit, _)| node.mode & bit != 0).map(|(_, bits)| bits);
        let is_link = node.kind == NodeKind::Symlink;
        Self {
            name,
            link: if is_link { &node.link_target } else { b"" },
            kind: match node.kind {
                NodeKind::Folder => b'5',
                NodeKind::Symlink => b'2',
                _ => b'0',
            },
            mode: u64::from(node.mode & mode::PERMISSIONS) | special.sum::<u64>(),
            uid: node.uid.into(),
            gid: node.gid.into(),
            size: node.size,
            seconds: whole_seconds(&node.modified),
            user: &node.user,
            group: &node.group,
            attributes: attributes(node),
        }
    }

    /// The blocks to write.
    pub(super) fn blocks(&self) -> Vec<u8> {
        let records = self.records();
        if records.is_empty() {
            let (prefix, name) = split(self.name).unwrap_or((b"", self.name));
            let mut block = self.block(name, |text| text.to_vec());
            put_text(&mut block[345..500], prefix);
            return sealed(block).to_vec();
        }
        let text: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        let mut blocks = sealed(self.records_header(text.len())).to_vec();
        blocks.extend_from_slice(&text);
        blocks.resize(blocks.len().next_multiple_of(BLOCK_BYTES), 0);
        blocks.extend_from_slice(&sealed(self.block(self.name, ascii)));
        blocks
    }

    /// What does not fit into the old form, by key.
    fn records(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut records = self.attributes.clone();
        let mut fits = true;
        let mut text = |key: &str, value: &[u8], bytes_max: usize, can_be_split: bool| {
            if value.len() > bytes_max || !is_ascii(value) {
                fits &= can_be_split && split(value).is_some();
                records.insert(key.into(), value.to_vec());
            }
        };
        text("path", self.name, NAME_BYTES, true);
        text("linkpath", self.link, NAME_BYTES, false);
        text("uname", self.user.as_bytes(), PERSON_BYTES, false);
        text("gname", self.group.as_bytes(), PERSON_BYTES, false);
        let mut number = |key: &str, value: i64, digits: u32| {
            if !fits_octal(value, digits) {
                fits = false;
                records.insert(key.into(), value.to_string().into_bytes());
            }
        };
        number("uid", self.uid as i64, 7);
        number("gid", self.gid as i64, 7);
        number("size", self.size as i64, 11);
        number("mtime", self.seconds, 11);
        // A name that can be split needs no record, unless there are records anyway.
        if fits && self.attributes.is_empty() { BTreeMap::new() } else { records }
    }

    fn block(&self, name: &[u8], as_text: fn(&[u8]) -> Vec<u8>) -> Block {
        let mut block = [0; BLOCK_BYTES];
        put_name(&mut block[..NAME_BYTES], &as_text(name));
        put_octal(&mut block[100..108], self.mode as i64);
        put_octal(&mut block[108..116], self.uid as i64);
        put_octal(&mut block[116..124], self.gid as i64);
        put_octal(&mut block[124..136], self.size as i64);
        put_octal(&mut block[136..148], self.seconds);
        block[156] = self.kind;
        put_name(&mut block[157..257], &as_text(self.link));
        put_text(&mut block[265..297], &as_text(self.user.as_bytes()));
        put_text(&mut block[297..329], &as_text(self.group.as_bytes()));
        put_octal(&mut block[329..337], 0);
        put_octal(&mut block[337..345], 0);
        block
    }

    /// The header of the records, which are a file of their own.
    fn records_header(&self, bytes: usize) -> Block {
        let slash = self.name.iter().rposition(|byte| *byte == b'/');
        let (folder, file) = slash.map_or((&b""[..], self.name), |at| self.name.split_at(at + 1));
        let parts = [folder, b"PaxHeaders.0", if file.is_empty() { b"" } else { b"/" }, file];
        let mut name = ascii(&parts.concat());
        name.truncate(NAME_BYTES);
        while name.last() == Some(&b'/') {
            name.pop();
        }
        let mut block = [0; BLOCK_BYTES];
        put_text(&mut block[..NAME_BYTES], &name);
        for place in [100..108, 108..116, 116..124] {
            put_octal(&mut block[place], 0);
        }
        put_octal(&mut block[124..136], bytes as i64);
        put_octal(&mut block[136..148], 0);
        block[156] = b'x';
        block
    }
}

/// Rounded, a half up; 0 for no time.
fn whole_seconds(time: &Time) -> i64 {
    if time.same_moment(&Time::UNSET) {
        return 0;
    }
    time.seconds + i64::from(time.nanoseconds >= 500_000_000)
}

/// Extended attributes as records; those that no record can hold are left out.
fn attributes(node: &Node) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut records = BTreeMap::new();
    let mut bytes = 0;
    for attribute in &node.extended_attributes {
        let (key, value) = match attribute.name.as_str() {
            "system.posix_acl_access" => {
                ("SCHILY.acl.access".to_owned(), acl::text(&attribute.value))
            }
            "system.posix_acl_default" => {
                ("SCHILY.acl.default".to_owned(), acl::text(&attribute.value))
            }
            name => {
                bytes += name.len() + attribute.value.len();
                if !name.contains(['=', '\0']) && bytes < RECORDS_BYTES_MAX / 2 {
                    let key = format!("SCHILY.xattr.{name}").into_bytes();
                    records.insert(key, attribute.value.clone());
                }
                continue;
            }
        };
        if let Some(text) = value.filter(|text| !text.is_empty()) {
            records.insert(key.into_bytes(), text.into_bytes());
        }
    }
    records
}

/// A record with its own length in front.
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    // The length counts its own digits.
    length = rest + length.to_string().len();
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// Splits a long name at a slash so that both parts fit the old form.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME_BYTES || !is_ascii(name) {
        return None;
    }
    let mut end = name.len();
    if end > PREFIX_BYTES + 1 {
        end = PREFIX_BYTES + 1;
    } else if name.ends_with(b"/") {
        end -= 1;
    }
    let at = name[..end].iter().rposition(|byte| *byte == b'/').filter(|at| *at > 0)?;
    let (prefix, rest) = (&name[..at], &name[at + 1..]);
    let fits = (1..=NAME_BYTES).contains(&rest.len()) && prefix.len() <= PREFIX_BYTES;
    fits.then_some((prefix, rest))
}

fn is_ascii(text: &[u8]) -> bool {
    text.iter().all(|byte| (1..0x80).contains(byte))
}

fn ascii(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| (1..0x80).contains(byte)).collect()
}

fn fits_octal(value: i64, digits: u32) -> bool {
    (0..1_i64 << (3 * digits)).contains(&value)
}

fn put_text(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

/// Puts a name, which must not look like that of a folder because it was cut at a slash.
fn put_name(field: &mut [u8], name: &[u8]) {
    put_text(field, name);
    if name.len() > field.len() && field.ends_with(b"/") {
        let kept = field.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        field[kept] = 0;
    }
}

/// Puts a number in octal digits and a zero behind them; 0 if it does not fit.
fn put_octal(field: &mut [u8], value: i64) {
    let digits = field.len() - 1;
    let value = if fits_octal(value, digits as u32) { value } else { 0 };
    put_text(field, format!("{value:0digits$o}\0").as_bytes());
}

/// The block with its magic and its sum.
fn sealed(mut block: Block) -> Block {
    put_text(&mut block[257..265], b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    put_text(&mut block[148..156], format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_digits() {
        assert_eq!(record(b"path", b"x"), b"9 path=x\n");
        assert_eq!(record(b"path", b"xy"), b"11 path=xy\n");
        let long = record(b"path", &[b'x'; 90]);
        assert!(long.starts_with(b"99 path=x") && long.len() == 99);
        let longer = record(b"path", &[b'x'; 91]);
        assert!(longer.starts_with(b"101 path=x") && longer.len() == 101);
    }

    #[test]
    fn a_long_name_is_split_at_a_slash() {
        let name = [&b"a".repeat(60)[..], b"/", &b"b".repeat(60)].concat();
        assert_eq!(split(&name), Some((&name[..60], &name[61..])));
        assert_eq!(split(&b"x".repeat(150)), None);
        assert_eq!(split(b"short"), None);
        assert_eq!(split(&[&b"a/".repeat(20)[..], &b"x".repeat(101)].concat()), None);
    }
}
