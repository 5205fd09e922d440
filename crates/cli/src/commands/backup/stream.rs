//! Standard input, or a command's output, read so that Ctrl-C is heard while nothing comes.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use holdfast_engine::monitor::Cancellation;

use crate::exit::Failure;

/// How much is read at once, and how much waits to be taken.
const CHUNK_BYTES: usize = 256 * 1024;
const CHUNKS_WAITING: usize = 8;
const CANCEL_POLL: Duration = Duration::from_millis(100);

/// Reads on a thread of its own, which may wait for ever; whoever takes from it need not.
pub(super) struct PatientReader {
    chunks: Receiver<io::Result<Vec<u8>>>,
    current: Vec<u8>,
    taken: usize,
    cancel: Cancellation,
    has_ended: bool,
}

/// Standard input.
pub(super) fn of_stdin(cancel: Cancellation) -> PatientReader {
    PatientReader::new(io::stdin(), cancel)
}

impl PatientReader {
    fn new(mut source: impl Read + Send + 'static, cancel: Cancellation) -> Self {
        let (sender, chunks) = sync_channel(CHUNKS_WAITING);
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = match source.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let is_last = !matches!(read, Ok(1..));
                let chunk = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                if sender.send(chunk).is_err() || is_last {
                    return;
                }
            }
        });
        Self { chunks, current: Vec::new(), taken: 0, cancel, has_ended: false }
    }

    fn next_chunk(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("stopped"));
            }
            match self.chunks.recv_timeout(CANCEL_POLL) {
                Ok(chunk) => return chunk,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            }
        }
    }
}

impl Read for PatientReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.current.len() && !self.has_ended {
            self.current = self.next_chunk()?;
            self.taken = 0;
            self.has_ended = self.current.is_empty();
        }
        let length = out.len().min(self.current.len() - self.taken);
        out[..length].copy_from_slice(&self.current[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

/// A running command and what it writes.
pub(super) struct CommandOutput {
    child: Child,
    reader: Option<PatientReader>,
}

impl CommandOutput {
    /// Starts the command. Its errors go where ours go.
    pub(super) fn start(words: &[OsString], cancel: Cancellation) -> Result<Self, Failure> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| Failure::fatal("please specify a command"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Failure::fatal(format!("could not start the command {}", program.display()))
                    .meaning("Nothing was backed up.")
                    .advice("Check its name, and that it is installed.")
                    .cause(error)
            })?;
        let output = child.stdout.take().expect("it was asked for");
        Ok(Self { child, reader: Some(PatientReader::new(output, cancel)) })
    }

    /// What it writes, and what waits for its end: an error if it failed.
    pub(super) fn parts(&mut self) -> (PatientReader, impl FnMut() -> io::Result<()>) {
        let reader = self.reader.take().expect("taken once");
        let child = &mut self.child;
        let finish = move || {
            let status = child.wait()?;
            if status.success() {
                return Ok(());
            }
            let why = status.to_string().replace("exit status: ", "exit status ");
            Err(io::Error::other(format!("Fatal: command failed: {why}")))
        };
        (reader, finish)
    }
}

impl Drop for CommandOutput {
    fn drop(&mut self) {
        // It has ended already unless the backup was stopped; then nobody reads what it writes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_written_is_read() {
        let bytes: Vec<u8> = (0..3 * CHUNK_BYTES + 7).map(|at| at as u8).collect();
        let source = io::Cursor::new(bytes.clone());
        let mut reader = PatientReader::new(source, Cancellation::default());
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("it is in memory");
        assert!(read == bytes);
    }

    #[test]
    fn a_cancelled_reader_does_not_wait_for_more() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                std::thread::park();
                Ok(0)
            }
        }
        let cancel = Cancellation::default();
        cancel.cancel();
        let mut reader = PatientReader::new(Silent, cancel);
        assert!(reader.read(&mut [0; 8]).is_err());
    }
}
