//! Compares files that are there already with what they should hold, blob by blob.
//!
//! A file that is right is not written again. One that is not is built anew beside it; what it
//! has in common with the old one is copied from there rather than read from the repository.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender};

use super::context::Context;
use super::decide::Placement;
use super::schedule::Planned;
use super::target::{self, READ_FILE_TAKES_METADATA};
use super::task::Task;
use crate::blob::{BlobKind, DATA_BYTES_MAX};
use crate::id::{BlobId, RawId};
use crate::index::Index;
use crate::monitor::{Change, ItemKind};
use crate::tree::Node;

/// A file to compare, and its placements if equal and if not.
pub(super) struct Comparison {
    pub task: Task,
    pub if_equal: Placement,
    pub if_not: Placement,
}

/// Compares files until there are no more.
pub(super) fn work(
    context: &Context<'_>,
    comparisons: &Receiver<Comparison>,
    planned: &Sender<Planned>,
) {
    let mut buffer = Vec::new();
    for comparison in comparisons {
        if let Some(next) = compare(context, comparison, &mut buffer) {
            planned.send(next).expect("the scheduler takes entries until all senders are gone");
        }
    }
}

/// What remains to be done, if anything does.
fn compare(context: &Context<'_>, comparison: Comparison, buffer: &mut Vec<u8>) -> Option<Planned> {
    let Comparison { mut task, if_equal, if_not } = comparison;
    if context.is_stopped() {
        task.fail();
        return Some(Planned::Task { task: Arc::new(task), matched: Vec::new() });
    }
    let old = task.folder.open(context).and_then(|folder| folder.read_file(&task.name));
    let Ok(old) = old else {
        // What cannot be read cannot be right, and is replaced as a whole.
        task.place(context, if_not);
        return Some(Planned::Task { task: Arc::new(task), matched: Vec::new() });
    };
    let equality = Equality::of(context.index, &task.node, &old, buffer, || context.is_stopped());
    if context.is_stopped() {
        task.fail();
        return Some(Planned::Task { task: Arc::new(task), matched: Vec::new() });
    }
    if equality.is_whole && if_equal != if_not {
        if if_equal == Placement::Leave {
            leave(context, &task, Change::Unmodified);
            return None;
        }
        let matched = equality.matched;
        task.place(context, if_equal);
        if if_equal == Placement::InPlace && equality.bytes == task.node.size {
            // Nothing is left to do but its metadata, for which it is open already.
            let file = READ_FILE_TAKES_METADATA.then_some(old);
            Arc::new(task).finish(context, file);
            return None;
        }
        return Some(Planned::Task { task: Arc::new(task), matched });
    }
    task.place(context, if_not);
    let mut matched = equality.matched;
    let is_reused = if_not == Placement::Replace && matched.contains(&true);
    if is_reused && let Err(error) = copy_matched(context, &mut task, &old, &mut matched) {
        let target = task.folder.target_path().to_owned();
        context.target_problem(&task.location, "write", &error, &target);
        task.fail();
    }
    if !is_reused {
        matched.clear();
    }
    Some(Planned::Task { task: Arc::new(task), matched })
}

/// Reports an entry that stays as it is, and forgets it.
pub(super) fn leave(context: &Context<'_>, task: &Task, change: Change) {
    let kind = if task.is_file() { ItemKind::File } else { ItemKind::Other };
    context.finished(&task.location, kind, change, task.node.size);
    if let Some(links) = &task.links {
        links.finish(context, Some(task.name.clone()));
    }
    task.folder.entry_done(context);
}

/// How far a file holds what a node says.
pub(super) struct Equality {
    /// Of each blob, whether it is in place.
    pub matched: Vec<bool>,
    /// How long the file should be, as far as its blobs are known.
    bytes: u64,
    /// All are, and there is nothing else.
    pub is_whole: bool,
}

/// So many bytes are read and hashed together, if there are several blobs in them.
const TOGETHER_BYTES_MAX: usize = 4 << 20;

/// And so many blobs: each takes some memory beside its bytes, and a repository can name a tiny one, or
/// an empty one, a million times.
const TOGETHER_BLOBS_MAX: usize = 1 << 10;

impl Equality {
    /// Reads the file and compares it with the node's blobs. The size that is recorded beside them
    /// does not count: it may be that of another moment. Ends early once `is_stopped`.
    pub(super) fn of(
        index: &Index,
        node: &Node,
        file: &File,
        buffer: &mut Vec<u8>,
        is_stopped: impl Fn() -> bool,
    ) -> Self {
        let content = node.content.as_deref().unwrap_or_default();
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let is_ended = Cell::new(false);
        let ends = || {
            is_ended.set(is_ended.get() || is_stopped());
            is_ended.get()
        };
        let mut matched = Vec::with_capacity(content.len());
        let mut bytes = 0_u64;
        let mut lengths = Vec::new();
        while matched.len() < content.len() {
            let rest = &content[matched.len()..];
            let together = lengths_together(index, rest, size - bytes, &mut lengths, ends);
            buffer.resize(together, 0);
            if lengths.is_empty() || target::read_at(file, buffer, bytes).is_err() {
                break;
            }
            let mut left = buffer.as_slice();
            let pieces = lengths.iter().map(|length| left.split_off(..*length).expect("their sum"));
            let sums = RawId::of_all(pieces);
            matched.extend(sums.iter().zip(rest).map(|(sum, id)| *sum == id.0));
            bytes += together as u64;
        }
        let is_whole = matched.len() == content.len() && !matched.contains(&false) && bytes == size;
        matched.resize(content.len(), false);
        Self { matched, bytes, is_whole }
    }
}

/// The lengths of the blobs that are compared next, none if nothing more can be. Returns their sum,
/// which is at most `size`.
fn lengths_together(
    index: &Index,
    content: &[BlobId],
    size: u64,
    lengths: &mut Vec<usize>,
    ends: impl Fn() -> bool,
) -> usize {
    lengths.clear();
    let mut together = 0;
    for id in content.iter().take(TOGETHER_BLOBS_MAX) {
        let Some(location) = index.locate(BlobKind::Data, id) else { break };
        let length = location.plaintext_length();
        let sum = together + length as usize;
        let is_enough = sum > TOGETHER_BYTES_MAX && !lengths.is_empty();
        if is_enough || sum as u64 > size || length > DATA_BYTES_MAX || ends() {
            break;
        }
        lengths.push(length as usize);
        together = sum;
    }
    together
}

/// Copies what is right already into the new file. If there is no room for two files, the old one
/// is changed in place instead.
fn copy_matched(
    context: &Context<'_>,
    task: &mut Task,
    old: &File,
    matched: &mut [bool],
) -> io::Result<()> {
    let content = task.node.content.as_deref().unwrap_or_default();
    let lengths: Option<Vec<u64>> = content
        .iter()
        .map(|id| context.index.locate(BlobKind::Data, id).map(|at| at.plaintext_length().into()))
        .collect();
    // The file becomes as long as its blobs are, whatever size was recorded.
    if let Some(lengths) = lengths {
        task.set_content_bytes(lengths.iter().sum());
    }
    let new = match task.open_for_writing(context) {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            if task.is_made() {
                task.folder.open(context)?.remove_file(task.work_name())?;
                task.unmade();
            }
            let is_shared = task.existing.is_some_and(|existing| existing.links > 1);
            if is_shared || context.options.keep_replaced.is_some() {
                return Err(error);
            }
            task.place(context, Placement::InPlace);
            // What is right already is not written again; what is too much has to go all the same.
            task.open_for_writing(context)?;
            task.has_new_content.store(true, Ordering::Relaxed);
            return Ok(());
        }
        opened => opened?,
    };
    task.has_new_content.store(true, Ordering::Relaxed);
    let content = task.node.content.as_deref().unwrap_or_default();
    let (mut from, mut to) = (old, &new);
    let mut offset = 0_u64;
    for (id, is_matched) in content.iter().zip(matched.iter()) {
        let Some(location) = context.index.locate(BlobKind::Data, id) else { break };
        let length = u64::from(location.plaintext_length());
        if context.is_stopped() {
            // The task is removed, whatever is in it.
            break;
        }
        if *is_matched {
            from.seek(SeekFrom::Start(offset))?;
            to.seek(SeekFrom::Start(offset))?;
            let copied = io::copy(&mut io::Read::take(from, length), &mut to)?;
            if copied != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        offset += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, file};

    #[test]
    fn a_stop_is_heard_between_two_pieces_of_a_file() {
        let mut world = World::new();
        let parts: Vec<Vec<u8>> = (0..5_u8).map(|number| vec![number; 1000]).collect();
        let content: Vec<BlobId> = parts.iter().map(|part| world.data(part)).collect();
        let world = world.stored();
        let mut old = tempfile::tempfile().expect("a file");
        io::Write::write_all(&mut old, &parts.concat()).expect("written");
        let node = file("large", 5000, &content);
        let asked = Cell::new(0);
        let is_stopped = || asked.replace(asked.get() + 1) == 2;
        let found = Equality::of(&world.index(), &node, &old, &mut Vec::new(), is_stopped);
        assert_eq!((found.matched, found.is_whole), (vec![true, true, false, false, false], false));
    }

    #[test]
    fn of_a_file_that_is_compared_in_several_goes_each_blob_is_told_right_from_wrong() {
        const MIB: usize = 1 << 20;
        let mut world = World::new();
        let sizes = [3 * MIB, 2 * MIB, 6 * MIB, 1, 0, MIB, 3 * MIB];
        let parts: Vec<Vec<u8>> =
            sizes.iter().zip(1_u8..).map(|(size, number)| vec![number; *size]).collect();
        let content: Vec<BlobId> = parts.iter().map(|part| world.data(part)).collect();
        let index = world.stored().index();
        let node = file("large", parts.concat().len() as u64, &content);
        let start = |part: usize| sizes[..part].iter().sum::<usize>();
        let equality = |bytes: &[u8]| {
            let mut old = tempfile::tempfile().expect("a file");
            io::Write::write_all(&mut old, bytes).expect("written");
            let found = Equality::of(&index, &node, &old, &mut Vec::new(), || false);
            (found.matched, found.is_whole)
        };
        let whole = parts.concat();
        assert_eq!(equality(&whole), (vec![true; 7], true));
        assert_eq!(equality(&[&whole[..], b"more"].concat()), (vec![true; 7], false));
        for changed in [0, 1, 2, 3, 5, 6] {
            let mut bytes = whole.clone();
            bytes[start(changed)] ^= 1;
            let expected = (0..7).map(|part| part != changed).collect();
            assert_eq!(equality(&bytes), (expected, false), "{changed}");
        }
        let mut expected = vec![true; 6];
        expected.push(false);
        assert_eq!(equality(&whole[..whole.len() - 1]), (expected, false));
    }

    #[test]
    fn of_a_file_in_tiny_pieces_only_so_many_are_compared_at_once() {
        let mut world = World::new();
        let tiny = [world.data(b""), world.data(b"x")];
        let index = world.stored().index();
        for (blob, size) in tiny.into_iter().zip([0, 3000]) {
            let content = vec![blob; 3000];
            let mut lengths = Vec::new();
            let together = lengths_together(&index, &content, size, &mut lengths, || false);
            assert_eq!((lengths.len(), together), (1024, size.min(1024) as usize));
            let mut old = tempfile::tempfile().expect("a file");
            io::Write::write_all(&mut old, &vec![b'x'; size as usize]).expect("written");
            let node = file("many", size, &content);
            let found = Equality::of(&index, &node, &old, &mut Vec::new(), || false);
            assert_eq!((found.matched, found.is_whole), (vec![true; 3000], true));
        }
    }
}
