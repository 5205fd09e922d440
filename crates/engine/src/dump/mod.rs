//! Writes files and folders of a snapshot as a stream: a file's content, or an archive.
//!
//! Memory is bounded by a few blobs, whatever the files' sizes. What cannot be read ends the stream
//! with an error: half an archive must not pass for a whole one.

mod acl;
mod header;
mod tar;
mod zip;

use std::io::{self, Write};

use crate::blob::BlobKind;
use crate::id::{BlobId, TreeId};
use crate::index::Index;
use crate::listing::{self, Next, Visited};
use crate::manners;
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};
use crate::tree::{Node, NodeKind};

use tar::TarWriter;
use zip::ZipWriter;

/// So many blobs are read at the same time, and written in order.
const READ_AHEAD: usize = 8;

/// Fewer, if they are larger together: those that restic makes are never so large.
const READ_AHEAD_BYTES: u64 = 64 << 20;

/// The longest path that goes into an archive: sixteen times what any system makes of a path. Folders
/// in each other without end would make archives without end.
const PATH_BYTES_MAX: usize = 64 << 10;

/// Why a stream is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[from] ReadError),
    /// The stream cannot be written.
    #[error("could not write the stream")]
    Write(#[from] io::Error),
    /// A path is longer than any that can be made of it.
    #[error("the path {path}… is too long for an archive")]
    LongPath {
        /// Its beginning.
        path: String,
    },
    /// A file is longer or shorter than its entry: an archive says the length before the content.
    #[error("the content of {path} is not as long as its entry says")]
    WrongSize {
        /// Its path.
        path: String,
    },
}

/// Writes a file's content.
///
/// # Errors
/// When it cannot be read or written, or when asked to stop.
///
/// ```
/// use holdfast_engine::{dump, listing};
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let node = listing::find_entry(repository, &index, letter.tree, b"/letter.txt")?;
/// let mut out = Vec::new();
/// dump::file(repository, &index, &node, &mut out, &Cancellation::default())?;
/// assert_eq!(out, b"Dear reader");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn file(
    repository: &Repository,
    index: &Index,
    node: &Node,
    out: &mut dyn Write,
    cancel: &Cancellation,
) -> Result<(), DumpError> {
    content(repository, index, node, cancel, &mut |bytes| out.write_all(bytes))?;
    Ok(out.flush()?)
}

/// Writes what is below a folder as a tar archive, byte for byte as restic does; `path` is the
/// folder's path, which names in the archive begin with. Only files, folders and symbolic links
/// go into it.
///
/// # Errors
/// When something cannot be read or written, or when asked to stop.
///
/// ```
/// use holdfast_engine::dump;
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mut archive = Vec::new();
/// dump::tar(repository, &index, letter.tree, b"/", &mut archive, &Cancellation::default())?;
/// assert!(archive.windows(11).any(|bytes| bytes == b"Dear reader"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tar(
    repository: &Repository,
    index: &Index,
    folder: TreeId,
    path: &[u8],
    out: &mut dyn Write,
    cancel: &Cancellation,
) -> Result<(), DumpError> {
    archive(repository, index, (folder, path), &mut TarWriter::new(out), cancel)
}

/// The same as a zip archive: names, modes, times and order are restic's. It grows in memory by some
/// hundred bytes for each entry.
///
/// # Errors
/// When something cannot be read or written, or when asked to stop.
pub fn zip(
    repository: &Repository,
    index: &Index,
    folder: TreeId,
    path: &[u8],
    out: &mut dyn Write,
    cancel: &Cancellation,
) -> Result<(), DumpError> {
    archive(repository, index, (folder, path), &mut ZipWriter::new(out), cancel)
}

/// An archive that is being written, entry by entry.
trait Archive {
    /// Begins an entry that goes by `name`; its content comes next.
    fn entry(&mut self, name: &[u8], node: &Node) -> io::Result<()>;

    /// A part of the content of the entry.
    fn content(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends the entry.
    fn end_entry(&mut self) -> io::Result<()>;

    /// Ends the archive.
    fn end(&mut self) -> io::Result<()>;
}

fn archive(
    repository: &Repository,
    index: &Index,
    (folder, path): (TreeId, &[u8]),
    archive: &mut dyn Archive,
    cancel: &Cancellation,
) -> Result<(), DumpError> {
    each(repository, index, folder, path, cancel, &mut |name, node| {
        archive.entry(name, node)?;
        let path = || String::from_utf8_lossy(name).into_owned();
        let mut written = 0;
        let done = content(repository, index, node, cancel, &mut |bytes| {
            written += bytes.len() as u64;
            // There is no telling how much more would come.
            let is_too_long = node.kind == NodeKind::File && written > node.size;
            if is_too_long {
                Err(io::ErrorKind::FileTooLarge.into())
            } else {
                archive.content(bytes)
            }
        });
        if node.kind == NodeKind::File && written > node.size {
            return Err(DumpError::WrongSize { path: path() });
        }
        done?;
        if node.kind == NodeKind::File && written < node.size {
            return Err(DumpError::WrongSize { path: path() });
        }
        Ok(archive.end_entry()?)
    })?;
    Ok(archive.end()?)
}

/// Takes an entry, and the name that it has in the archive.
type WriteEntry<'a> = dyn FnMut(&[u8], &Node) -> Result<(), DumpError> + 'a;

/// Calls `write` with everything that belongs into an archive, and the name it has there.
fn each(
    repository: &Repository,
    index: &Index,
    folder: TreeId,
    path: &[u8],
    cancel: &Cancellation,
    write: &mut WriteEntry<'_>,
) -> Result<(), DumpError> {
    let prefix = path.strip_suffix(b"/").unwrap_or(path);
    let mut failure = None;
    let mut visit = |visited: Visited<'_>| {
        let written = match visited {
            Visited::Entry { path, .. } if path.len() > PATH_BYTES_MAX => {
                let path = String::from_utf8_lossy(&path[..256]).into_owned();
                Err(DumpError::LongPath { path })
            }
            Visited::Entry { path, node } => match node.kind {
                NodeKind::File | NodeKind::Folder | NodeKind::Symlink => {
                    let mut name = path.strip_prefix(b"/").unwrap_or(path).to_vec();
                    if node.kind == NodeKind::Folder {
                        name.push(b'/');
                    }
                    write(&name, node)
                }
                _ => Ok(()),
            },
            Visited::Unreadable { error, .. } => Err(error.into()),
        };
        match written {
            Ok(()) => Next::Into,
            Err(error) => {
                failure = Some(error);
                Next::Stop
            }
        }
    };
    listing::walk(repository, index, folder, prefix, cancel, &mut visit)?;
    failure.map_or(Ok(()), Err)
}

/// Reads a file's blobs, a few ahead, and hands them on in their order.
fn content(
    repository: &Repository,
    index: &Index,
    node: &Node,
    cancel: &Cancellation,
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), DumpError> {
    let read = |id: &BlobId| repository.read_blob(index, BlobKind::Data, *id);
    let content = node.content.as_deref().filter(|_| node.kind == NodeKind::File);
    let mut rest = content.unwrap_or_default();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(ahead(index, rest));
        rest = later;
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled.into());
        }
        if let [only] = batch {
            write(&read(only)?)?;
            continue;
        }
        let blobs = std::thread::scope(|scope| {
            let readers: Vec<_> =
                batch.iter().map(|id| scope.spawn(manners::as_here(|| read(id)))).collect();
            let join = |reader: std::thread::ScopedJoinHandle<'_, _>| {
                reader.join().expect("readers do not panic")
            };
            readers.into_iter().map(join).collect::<Result<Vec<_>, ReadError>>()
        })?;
        blobs.iter().try_for_each(|blob| write(blob))?;
    }
    Ok(())
}

/// How many of these blobs are read at once: at least one.
fn ahead(index: &Index, blobs: &[BlobId]) -> usize {
    let mut bytes = 0;
    let fits = |id: &&BlobId| {
        let location = index.locate(BlobKind::Data, id);
        bytes += location.map_or(0, |location| u64::from(location.plaintext_length()));
        bytes <= READ_AHEAD_BYTES
    };
    blobs.iter().take(READ_AHEAD).take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests;
