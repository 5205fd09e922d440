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
use crate::repository::Contents;

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
    contents: Contents,
}

fn restore_piece(context: &Context<'_>, piece: Piece, buffers: &mut Buffers) {
    let Buffers { sealed, contents } = buffers;
    let is_wanted = |wanted: &WantedBlob| {
        !context.is_stopped() && wanted.writes.iter().any(|it| !it.task.has_failed())
    };
    let (wanted, unwanted): (Vec<_>, Vec<_>) = piece.blobs.into_iter().partition(is_wanted);
    unwanted.iter().for_each(|it| give_up(context, it));
    let file = FileName::new(FileKind::Pack, piece.pack.0);
    let length = piece.length as usize;
    // Why it failed is found out blob by blob, since another pack may have some of them.
    let is_read = !wanted.is_empty()
        && wanted.iter().all(|wanted| wanted.blob.has_plausible_length())
        && context
            .repository
            .backend()
            .read_range(file, piece.offset.into(), length, sealed)
            .is_ok();
    let bytes_of = |wanted: &WantedBlob| {
        let start = (wanted.blob.location.offset - piece.offset) as usize;
        sealed.get(start..start + wanted.blob.location.length as usize).unwrap_or_default()
    };
    let to_open: Vec<_> = wanted.iter().map(|it| (&it.blob, bytes_of(it))).collect();
    let mut done = 0;
    while is_read && done < to_open.len() && !context.is_stopped() {
        let (count, _) = context.repository.open_together(&to_open[done..], None, contents);
        for (wanted, opened) in wanted[done..].iter().zip(contents.each()) {
            restore_blob(context, wanted, opened.ok());
        }
        done += count;
    }
    for wanted in &wanted[done..] {
        if context.is_stopped() {
            give_up(context, wanted);
        } else {
            restore_blob(context, wanted, None);
        }
    }
}

/// Leaves a blob out that nobody waits for any more, or that cannot be read.
fn give_up(context: &Context<'_>, wanted: &WantedBlob) {
    for write in &wanted.writes {
        write_done(context, &write.task, None);
    }
}

/// Writes a blob everywhere it belongs. One that is not `opened` is read anew.
fn restore_blob(context: &Context<'_>, wanted: &WantedBlob, opened: Option<&[u8]>) {
    let read;
    let content = match opened {
        Some(content) => content,
        // Damaged here, or not readable: any other pack that has it will do.
        None => match context.repository.read_blob(context.index, BlobKind::Data, wanted.blob.id) {
            Ok(content) => {
                read = content;
                &read
            }
            Err(error) => {
                for write in &wanted.writes {
                    if write.task.lack() {
                        context.repository_problem(&write.task.location, &error);
                    }
                }
                give_up(context, wanted);
                return;
            }
        },
    };
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
