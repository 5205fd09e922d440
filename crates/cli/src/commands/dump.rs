//! `holdfast dump`

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use holdfast_engine::dump::{self, DumpError};
use holdfast_engine::id::TreeId;
use holdfast_engine::index::Index;
use holdfast_engine::repository::{ReadError, Repository};
use holdfast_engine::tree::{Node, NodeKind};

use super::Ended;
use super::ls::node::word;
use crate::arguments::{ArchiveArgument, DumpArguments};
use crate::exit::{ExitStatus, Failure};
use crate::output::Terminal;
use crate::selection::{not_selected, select, subtree};
use crate::session::Session;
use crate::{explain, locking};

/// Writes a file, or a folder as an archive.
pub(crate) fn dump(session: &Session, arguments: &DumpArguments) -> Ended {
    let [snapshot, path] = arguments.words.as_slice() else {
        return Err(Failure::fatal("no file and no snapshot ID specified"));
    };
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "dump")?;
    let snapshot = snapshot.to_string_lossy();
    let dumped = run(session, arguments, &repository, &snapshot, path);
    locking::release(session, lock);
    dumped?;
    Ok(ExitStatus::Success)
}

/// What is written.
enum Source {
    File(Box<Node>),
    /// A folder, and its path.
    Folder(TreeId, Vec<u8>),
}

fn run(
    session: &Session,
    arguments: &DumpArguments,
    repository: &Arc<Repository>,
    snapshot: &str,
    path: &OsStr,
) -> Result<(), Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(&arguments.filter);
    let selected = select(&all, snapshot, &filter)
        .map_err(|error| not_selected(&error, &filter, "Fatal: failed to find snapshot: "))?;
    let index = session.readable_index(repository)?;
    let root = subtree(repository, &index, selected.snapshot.tree, selected.subfolder)?;
    let source = source(repository, &index, root, path.as_encoded_bytes())?;
    let to_terminal = arguments.target.is_none() && session.terminal.is_terminal();
    if matches!(source, Source::Folder(..)) && to_terminal {
        return Err(cannot("stdout is the terminal, please redirect output"));
    }
    let mut out: Box<dyn Write> = match &arguments.target {
        None => Box::new(ToTerminal(&session.terminal)),
        Some(target) => Box::new(File::create(target).map_err(|error| {
            let text = format!("cannot dump to file: {}: {error}", target.display());
            Failure::plain(ExitStatus::Failed, text).meaning("Nothing was written.")
        })?),
    };
    let (out, cancel) = (&mut *out, &session.cancel);
    let written = match &source {
        Source::File(node) => dump::file(repository, &index, node, out, cancel),
        Source::Folder(tree, path) => {
            let write = match arguments.archive {
                ArchiveArgument::Tar => dump::tar,
                ArchiveArgument::Zip => dump::zip,
            };
            write(repository, &index, *tree, path, out, cancel)
        }
    };
    written.map_err(failed)
}

/// What stands at a path.
fn source(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    path: &[u8],
) -> Result<Source, Failure> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    let (mut tree, mut walked) = (root, Vec::new());
    for (number, name) in names.iter().enumerate() {
        walked.push(b'/');
        walked.extend_from_slice(name);
        let shown = String::from_utf8_lossy(&walked).into_owned();
        let read = repository.read_tree(index, tree).map_err(explain::reading)?;
        let node = read.find(name).cloned();
        let node = node.ok_or_else(|| cannot(&format!("path {shown:?} not found in snapshot")))?;
        let is_last = number + 1 == names.len();
        let wrong = |wanted: &str| {
            cannot(&format!("{shown:?} should be a {wanted}, but is a {:?}", word(node.kind)))
        };
        match (node.kind, node.subtree) {
            (NodeKind::Folder, Some(subtree)) => tree = subtree,
            (NodeKind::File, _) if is_last => return Ok(Source::File(Box::new(node))),
            _ => return Err(wrong(if is_last { "file" } else { "dir" })),
        }
    }
    Ok(Source::Folder(tree, if walked.is_empty() { b"/".to_vec() } else { walked }))
}

fn cannot(why: &str) -> Failure {
    Failure::fatal(format!("cannot dump file: {why}"))
}

fn failed(error: DumpError) -> Failure {
    match error {
        DumpError::Read(ReadError::Cancelled) => explain::cancelled(),
        DumpError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Failure::output_closed()
        }
        error => cannot(&error.to_string())
            .meaning("What was written is not whole. The snapshot is as it was.")
            .advice("`holdfast check` tells if the repository is whole.")
            .cause(error),
    }
}

/// Writes to standard output.
struct ToTerminal<'a>(&'a Terminal);

impl Write for ToTerminal<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.raw(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush();
        Ok(())
    }
}
