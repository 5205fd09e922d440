//! Reads pieces of packs and writes their blobs where they belong.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;

use super::context::Context;
use super::schedule::{Job, Piece, WantedBlob};
use super::target;
use super::task::Task;
use crate::backend::FileKind;
use crate::backend::FileName;
use crate::blob::BlobKind;

/// Zeros are left out in steps of this many bytes, which is what file systems allocate at least.
const HOLE_BYTES: usize = 4096;

/// Does jobs until there are no more.
pub(super) fn work(context: &Context<'_>, jobs: &Receiver<Job>) {
    let mut buffers = Buffers::default();
    for job in jobs {
        match job {
            Job::Piece(piece) => restore_piece(context, piece, &mut buffers),
            Job::Task(task) => task.finish(context, None),
            Job::Link(source, task) => source.make(context, &task),
        }
    }
}

#[derive(Default)]
struct Buffers {
    sealed: Vec<u8>,
    content: Vec<u8>,
}

fn restore_piece(context: &Context<'_>, piece: Piece, buffers: &mut Buffers) {
    let is_wanted = |wanted: &WantedBlob| wanted.writes.iter().any(|it| !it.task.has_failed());
    let mut is_read = false;
    if !context.is_stopped() && piece.blobs.iter().any(is_wanted) {
        let file = FileName::new(FileKind::Pack, piece.pack.0);
        let length = piece.length as usize;
        // Why it failed is found out blob by blob, since another pack may have some of them.
        is_read = piece.blobs.iter().all(|wanted| wanted.blob.has_plausible_length())
            && context
                .repository
                .backend()
                .read_range(file, piece.offset.into(), length, &mut buffers.sealed)
                .is_ok();
    }
    for wanted in piece.blobs {
        if !context.is_stopped() && is_wanted(&wanted) {
            let start = (wanted.blob.location.offset - piece.offset) as usize;
            let end = start + wanted.blob.location.length as usize;
            let sealed = if is_read { buffers.sealed.get(start..end) } else { None };
            restore_blob(context, &wanted, sealed, &mut buffers.content);
        } else {
            for write in wanted.writes {
                write_done(context, &write.task, None);
            }
        }
    }
}

/// Opens a blob and writes it everywhere it belongs.
fn restore_blob(
    context: &Context<'_>,
    wanted: &WantedBlob,
    sealed: Option<&[u8]>,
    content: &mut Vec<u8>,
) {
    let opened =
        sealed.and_then(|sealed| context.repository.open_blob(sealed, &wanted.blob, content).ok());
    if opened.is_none() {
        // Damaged here, or not readable: any other pack that has it will do.
        match context.repository.read_blob(context.index, BlobKind::Data, wanted.blob.id) {
            Ok(read) => *content = read,
            Err(error) => {
                for write in &wanted.writes {
                    if write.task.lack() {
                        context.repository_problem(&write.task.location, &error);
                    }
                    write_done(context, &write.task, None);
                }
                return;
            }
        }
    }
    for write in &wanted.writes {
        let task = &write.task;
        let mut file = None;
        if !task.has_failed() {
            match write_blob(context, task, content, write.offset) {
                Ok(opened) => file = opened,
                Err(error) => {
                    if task.fail() {
                        let target = task.folder.target_path();
                        context.target_problem(&task.location, "write", &error, target);
                    }
                }
            }
        }
        write_done(context, task, file);
    }
}

/// Writes a blob into the task's file. A file of one blob is not kept for others but returned.
fn write_blob(
    context: &Context<'_>,
    task: &Arc<Task>,
    content: &[u8],
    offset: u64,
) -> io::Result<Option<File>> {
    let is_only_one = task.node.content.as_ref().is_some_and(|content| content.len() == 1);
    task.has_new_content.store(true, Ordering::Relaxed);
    if is_only_one {
        let file = task.open_for_writing(context)?;
        write_content(context, task, &file, content, offset)?;
        return Ok(Some(file));
    }
    let file = context.files.get(context, task)?;
    write_content(context, task, &file, content, offset)?;
    Ok(None)
}

fn write_content(
    context: &Context<'_>,
    task: &Task,
    file: &File,
    content: &[u8],
    offset: u64,
) -> io::Result<()> {
    if task.is_sparse(context) {
        write_around_holes(file, content, offset)?;
    } else {
        target::write_at(file, content, offset)?;
    }
    context.wrote_bytes(content.len() as u64);
    Ok(())
}

/// Writes what is not zeros; the file has its size already.
fn write_around_holes(file: &File, content: &[u8], offset: u64) -> io::Result<()> {
    // Up to where a block of the file begins, then block by block.
    let to_block = (HOLE_BYTES - (offset % HOLE_BYTES as u64) as usize) % HOLE_BYTES;
    let (head, rest) = content.split_at(to_block.min(content.len()));
    let blocks = std::iter::once(head).chain(rest.chunks(HOLE_BYTES));
    let mut at = 0;
    let mut start = 0;
    for block in blocks {
        let end = at + block.len();
        if block.iter().all(|byte| *byte == 0) {
            if start < at {
                target::write_at(file, &content[start..at], offset + start as u64)?;
            }
            start = end;
        }
        at = end;
    }
    if start < at {
        target::write_at(file, &content[start..at], offset + start as u64)?;
    }
    Ok(())
}

fn write_done(context: &Context<'_>, task: &Arc<Task>, file: Option<File>) {
    if task.write_done() {
        task.finish(context, file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_and_everything_else_is_written() {
        for (offset, zeros) in [(0, 0..20_000), (100, 4096..8192), (5, 1..2), (4095, 0..30_000)] {
            let file = tempfile::tempfile().expect("a file");
            let mut content = vec![7; 30_000];
            content[zeros].fill(0);
            file.set_len(offset + 30_000).expect("length");
            write_around_holes(&file, &content, offset).expect("write");
            let mut read = vec![1; 30_000];
            target::read_at(&file, &mut read, offset).expect("read");
            assert_eq!(read, content);
        }
    }
}
