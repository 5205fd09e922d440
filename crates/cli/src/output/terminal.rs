//! Standard output and standard error.
//!
//! On a terminal the last lines show what goes on; everything else scrolls by above them. Where
//! output goes elsewhere there are no escape codes. A reader that goes away (`| head -1`) is
//! noticed, never fatal to work that changes something.

use std::io::{BufWriter, IsTerminal, Write};

use parking_lot::Mutex;
use serde::Serialize;

use super::json::to_json;

/// How much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Results and problems.
    Quiet,
    /// And what a person wants to see.
    Normal,
    /// And the steps.
    Verbose,
    /// And every file.
    VeryVerbose,
}

impl From<u8> for Verbosity {
    fn from(level: u8) -> Self {
        match level {
            0 => Self::Quiet,
            1 => Self::Normal,
            2 => Self::Verbose,
            _ => Self::VeryVerbose,
        }
    }
}

/// Where the command writes.
pub(crate) struct Terminal {
    json: bool,
    verbosity: Verbosity,
    is_terminal: bool,
    screen: Mutex<Screen>,
}

struct Screen {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    status_lines: usize,
    failure: Option<std::io::ErrorKind>,
}

const TO_LINE_START_AND_CLEAR: &str = "\r\x1b[2K";
const LINE_UP: &str = "\x1b[1A";

impl Terminal {
    /// The standard streams of this process.
    pub(crate) fn of_process(json: bool, verbosity: Verbosity) -> Self {
        let screen = Screen {
            out: Box::new(BufWriter::with_capacity(64 * 1024, std::io::stdout())),
            err: Box::new(std::io::stderr()),
            status_lines: 0,
            failure: None,
        };
        let is_terminal = std::io::stdout().is_terminal();
        Self { json, verbosity, is_terminal, screen: Mutex::new(screen) }
    }

    /// True if messages are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// True if somebody looks at standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// How much to say.
    pub(crate) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// How many characters fit in a line.
    pub(crate) fn width(&self) -> usize {
        terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).max(20))
    }

    /// Writes a line of the result.
    pub(crate) fn line(&self, text: &str) -> std::io::Result<()> {
        self.with_screen(|screen| writeln!(screen.out, "{text}"))
    }

    /// Writes bytes of the result as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.with_screen(|screen| screen.out.write_all(bytes))
    }

    /// Writes a line for a person who wants to know this much; nothing where messages are JSON.
    pub(crate) fn say(&self, least: Verbosity, text: &str) {
        if self.json || self.verbosity < least {
            return;
        }
        // What is said on the way is no result: the work goes on if nobody reads it.
        let _ = self.with_screen(|screen| writeln!(screen.out, "{text}"));
        self.flush();
    }

    /// Writes a JSON message on a line of its own.
    pub(crate) fn message<T: Serialize>(&self, message: &T) -> std::io::Result<()> {
        let json = to_line(message);
        self.with_screen(|screen| screen.out.write_all(&json))
    }

    /// Writes a JSON message that tells of work under way.
    pub(crate) fn passing_message<T: Serialize>(&self, message: &T) {
        let _ = self.message(message);
        self.flush();
    }

    /// Writes a JSON message to standard error.
    pub(crate) fn error_message<T: Serialize>(&self, message: &T) {
        let json = to_line(message);
        let _ = self.screen.lock().error_stream().write_all(&json);
    }

    /// Writes a line to standard error.
    pub(crate) fn warn(&self, text: &str) {
        let _ = writeln!(self.screen.lock().error_stream(), "{text}");
    }

    /// Says, as restic does, that a flag is one of former times.
    pub(crate) fn warn_of_old_flag(&self, name: &str, instead: &str) {
        self.warn(&format!("Flag --{name} has been deprecated, {instead}"));
    }

    /// Shows lines at the bottom of a terminal in place of those shown before; elsewhere writes
    /// them.
    pub(crate) fn status(&self, lines: &[String]) {
        let width = self.width();
        let is_terminal = self.is_terminal;
        let _ = self.with_screen(|screen| {
            for (number, line) in lines.iter().enumerate() {
                if is_terminal {
                    let line = fitted(line, width - 1);
                    let end = if number + 1 == lines.len() { "" } else { "\n" };
                    write!(screen.out, "{TO_LINE_START_AND_CLEAR}{line}{end}")?;
                } else {
                    writeln!(screen.out, "{line}")?;
                }
            }
            screen.status_lines = if is_terminal { lines.len() } else { 0 };
            Ok(())
        });
        self.flush();
    }

    /// Takes the status lines away.
    pub(crate) fn clear_status(&self) {
        let _ = self.with_screen(|_| Ok(()));
        self.flush();
    }

    /// Hands everything over that was written.
    pub(crate) fn flush(&self) {
        let mut screen = self.screen.lock();
        if let Err(error) = screen.out.flush() {
            screen.failure.get_or_insert(error.kind());
        }
    }

    /// Hands everything over that was written, and says whether all of it could be.
    pub(crate) fn finish(&self) -> std::io::Result<()> {
        self.flush();
        match self.screen.lock().failure {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn with_screen(
        &self,
        write: impl FnOnce(&mut Screen) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let mut screen = self.screen.lock();
        if let Some(kind) = screen.failure {
            return Err(kind.into());
        }
        screen.clear_status();
        let written = write(&mut screen);
        if let Err(error) = &written {
            screen.failure = Some(error.kind());
        }
        written
    }
}

impl Screen {
    /// Standard error, after everything that was written before.
    fn error_stream(&mut self) -> &mut dyn Write {
        self.clear_status();
        let _ = self.out.flush();
        &mut self.err
    }

    fn clear_status(&mut self) {
        for number in 0..std::mem::take(&mut self.status_lines) {
            let up = if number == 0 { "" } else { LINE_UP };
            let _ = write!(self.out, "{up}{TO_LINE_START_AND_CLEAR}");
        }
    }
}

fn to_line<T: Serialize>(message: &T) -> Vec<u8> {
    let mut json = to_json(message);
    json.push('\n');
    json.into_bytes()
}

/// The line, cut at `width` with a sign that it was, and without what would move the cursor.
fn fitted(line: &str, width: usize) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    if line.chars().count() <= width {
        return line.chars().map(printable).collect();
    }
    let kept = line.chars().take(width.saturating_sub(1)).map(printable);
    kept.chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_fits_and_cannot_move_the_cursor() {
        assert_eq!(fitted("abc", 3), "abc");
        assert_eq!(fitted("abcd", 3), "ab…");
        assert_eq!(fitted("a\x1b[2J", 9), "a?[2J");
    }
}
