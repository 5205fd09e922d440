//! A program of this computer, run once, without a shell.
//!
//! What is told stands in its environment and its input, never in its arguments: nothing in a
//! name can become a command. What it starts is ended with it when its time is up.

use std::io::{self, PipeReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::{ANSWER_BYTES_MAX, Sending};
use crate::hooks::failure::HookFailure;

/// A program is looked at so often.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(20);

/// What a program's children still say after its end is waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs a program, and returns what it printed: the last of it, if it is long.
pub(super) fn run(
    program: &str,
    arguments: &[String],
    folder: Option<&str>,
    sending: &Sending,
) -> Result<String, HookFailure> {
    let not_started = |error: io::Error| HookFailure::NotStarted { source: Arc::new(error) };
    let (reader, writer) = io::pipe().map_err(not_started)?;
    let mut command = Command::new(program);
    command.args(arguments).envs(sending.variables.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    command.stdin(Stdio::piped());
    command.stdout(writer.try_clone().map_err(not_started)?).stderr(writer);
    apart(&mut command);
    let mut child = command.spawn().map_err(not_started)?;
    // It holds ends of the pipe that the program must be alone with.
    drop(command);
    let printed = printed(reader);
    hand_over(&mut child, sending.message.body.clone());
    let ended = wait(&mut child, sending.timeout);
    if ended.is_none() {
        end_all(&mut child);
    }
    let said = printed.recv_timeout(LAST_WORDS).unwrap_or_default();
    match ended {
        Some(status) if status.success() => Ok(said),
        Some(status) => {
            Err(HookFailure::ProgramFailed { status: status.to_string(), said: last_line(&said) })
        }
        None => {
            let seconds = u16::try_from(sending.timeout.as_secs()).unwrap_or(u16::MAX);
            Err(HookFailure::TimedOut { seconds })
        }
    }
}

/// Reads on a thread of its own, so that a program that prints much is never held up.
fn printed(mut reader: PipeReader) -> Receiver<String> {
    let (tell, told) = sync_channel(1);
    let read = move || {
        let mut last: Vec<u8> = Vec::new();
        let mut part = [0; 8192];
        while let Ok(count @ 1..) = reader.read(&mut part) {
            last.extend_from_slice(&part[..count]);
            let excess = last.len().saturating_sub(ANSWER_BYTES_MAX);
            last.drain(..excess);
        }
        // Whoever ran the program may wait no longer.
        let _ = tell.send(String::from_utf8_lossy(&last).into_owned());
    };
    // Without a thread nobody hears what it prints, and it goes on all the same.
    let _ = std::thread::Builder::new().name("hook output".to_owned()).spawn(read);
    told
}

/// Hands over the message on a thread of its own: a program need not read it.
fn hand_over(child: &mut Child, message: String) {
    let Some(mut input) = child.stdin.take() else { return };
    let write = move || {
        let _ = input.write_all(message.as_bytes());
    };
    let _ = std::thread::Builder::new().name("hook input".to_owned()).spawn(write);
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    for _ in 0..patience.as_millis() / LOOKED_AT_EVERY.as_millis() {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(LOOKED_AT_EVERY),
            Err(_) => return None,
        }
    }
    None
}

fn last_line(said: &str) -> String {
    said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    command.process_group(0);
}

#[cfg(windows)]
fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;

    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

/// Ends a program with all that it started.
#[cfg(unix)]
fn end_all(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It was not waited for yet, so its number is no other program's.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// Ends a program with all that it started.
#[cfg(windows)]
fn end_all(child: &mut Child) {
    let mut all = Command::new("taskkill");
    all.args(["/T", "/F", "/PID", &child.id().to_string()]);
    all.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    apart(&mut all);
    let _ = all.status();
    let _ = child.kill();
    let _ = child.wait();
}
