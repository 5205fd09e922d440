//! Where the password comes from.
//!
//! A flag before a variable, `HOLDFAST_…` before `RESTIC_…`, else the person at the terminal, else
//! a line of standard input. The text is zeroed when it is no longer needed, and never shown.

use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use holdfast_engine::secret::Password;
use holdfast_engine::text_file;
use zeroize::Zeroizing;

use crate::access::{Access, Role};
use crate::environment::Environment;
use crate::exit::Failure;

/// A place that a password is kept in.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Command(String),
    /// The variable itself.
    Variable,
}

/// A place, and the flag or the variable that names it.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    place: Place,
    by: String,
}

/// Finds the password.
pub(crate) struct PasswordSource<'a> {
    given: Option<Given>,
    environment: &'a Environment,
    role: Role,
    allow_empty: bool,
    stdin_is_data: bool,
}

impl<'a> PasswordSource<'a> {
    /// Looks at flags and variables; reads nothing yet.
    pub(crate) fn find(
        access: &Access,
        environment: &'a Environment,
        stdin_is_data: bool,
    ) -> Result<Self, Failure> {
        let given = given(access, environment)?;
        let (role, allow_empty) = (access.role, access.insecure_no_password);
        if allow_empty && given.is_some() {
            return Err(Failure::fatal(
                "--insecure-no-password must not be specified together with providing a \
                 password via a cli option or environment variable",
            ));
        }
        Ok(Self { given, environment, role, allow_empty, stdin_is_data })
    }

    /// True if a person types it, and so may type it again.
    pub(crate) fn is_typed(&self) -> bool {
        self.given.is_none() && !self.allow_empty && std::io::stdin().is_terminal()
    }

    /// The password of an existing repository.
    pub(crate) fn read(&self) -> Result<Password, Failure> {
        self.read_or_ask(self.role.prompt())
    }

    /// The password for a new repository; typed twice if it is typed.
    pub(crate) fn read_new(&self) -> Result<Password, Failure> {
        let password = self.read_or_ask("enter password for new repository: ")?;
        if self.is_typed() && ask("enter password again: ")?.as_slice() != password.expose_bytes() {
            return Err(Failure::fatal("passwords do not match")
                .meaning("No repository was created.")
                .advice("Try again and type the same password twice."));
        }
        Ok(password)
    }

    fn read_or_ask(&self, prompt: &str) -> Result<Password, Failure> {
        let text = match &self.given {
            Some(given) => self.read_given(given)?,
            None if self.allow_empty => return Ok(Password::new("")),
            None if self.stdin_is_data => {
                return Err(Failure::fatal("cannot read both password and data from stdin")
                    .advice("Give the password by --password-file or RESTIC_PASSWORD."));
            }
            None if self.is_typed() => ask(prompt)?,
            None => read_line()?,
        };
        if text.is_empty() {
            let flag = self.role.flag("insecure-no-password");
            return Err(Failure::fatal(format!(
                "an empty password is not allowed by default. Pass the flag `{flag}` to holdfast \
                 to disable this check"
            )));
        }
        Ok(Password::from_bytes(text.to_vec()))
    }

    fn read_given(&self, given: &Given) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match &given.place {
            Place::File(path) => read_file(path, &given.by),
            Place::Command(command) => run(command, &given.by),
            Place::Variable => {
                let value = self.environment.plain(OsStr::new(&given.by));
                Ok(Zeroizing::new(value.unwrap_or_default().into_encoded_bytes()))
            }
        }
    }
}

/// The password of a key that is to be added.
pub(crate) struct NewPassword<'a> {
    pub(crate) file: Option<&'a Path>,
    pub(crate) allow_empty: bool,
}

impl NewPassword<'_> {
    /// Reads it; typed twice if it is typed.
    pub(crate) fn read(&self) -> Result<Password, Failure> {
        let text = match self.file {
            Some(_) if self.allow_empty => {
                return Err(Failure::fatal(
                    "only either --new-password-file or --new-insecure-no-password may be specified",
                ));
            }
            Some(path) => read_file(path, "--new-password-file")?,
            None if self.allow_empty => return Ok(Password::new("")),
            None if std::io::stdin().is_terminal() => {
                let text = ask("enter new password: ")?;
                if *ask("enter password again: ")? != *text {
                    return Err(Failure::fatal("passwords do not match")
                        .meaning("No key was added.")
                        .advice("Try again and type the same password twice."));
                }
                text
            }
            None => read_line()?,
        };
        if text.is_empty() {
            return Err(Failure::fatal(
                "an empty password is not allowed by default. Pass the flag \
                 `--new-insecure-no-password` to holdfast to disable this check",
            ));
        }
        Ok(Password::from_bytes(text.to_vec()))
    }
}

fn given(access: &Access, environment: &Environment) -> Result<Option<Given>, Failure> {
    let flags = (access.password_command.clone(), access.password_file.clone());
    let variable = |name| access.role.variable(name);
    let of_variables = |prefix| {
        let command = environment.get_from(prefix, &variable("PASSWORD_COMMAND"));
        let file = environment.get_os_from(prefix, &variable("PASSWORD_FILE")).map(PathBuf::from);
        (command, file)
    };
    let tiers = [(flags, None)]
        .into_iter()
        .chain(Environment::PREFIXES.map(|prefix| (of_variables(prefix), Some(prefix))));
    for ((command, file), prefix) in tiers {
        match (command, file) {
            (Some(_), Some(_)) => {
                return Err(Failure::fatal(
                    "Password file and command are mutually exclusive options",
                ));
            }
            (Some(command), None) => {
                let by = access.role.name_of("PASSWORD_COMMAND", prefix);
                return Ok(Some(Given { place: Place::Command(command), by }));
            }
            (None, Some(file)) => {
                let by = access.role.name_of("PASSWORD_FILE", prefix);
                return Ok(Some(Given { place: Place::File(file), by }));
            }
            (None, None) => {}
        }
        let Some(prefix) = prefix else { continue };
        let name = variable("PASSWORD");
        if environment.get_os_from(prefix, &name).is_some() {
            let by = format!("{prefix}{name}");
            return Ok(Some(Given { place: Place::Variable, by }));
        }
    }
    Ok(None)
}

/// Without white space at both ends, as Unicode has it where it is Unicode.
fn trimmed(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let trimmed = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => bytes.trim_ascii(),
    };
    Zeroizing::new(trimmed.to_vec())
}

fn not_resolved() -> Failure {
    Failure::fatal("Resolving password failed").meaning("Nothing was read or written.")
}

fn read_file(path: &Path, by: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => Ok(trimmed(&Zeroizing::new(text_file::decoded(&bytes)))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::fatal(format!(
            "Resolving password failed: Fatal: {} does not exist",
            path.display()
        ))
        .advice(format!("Check the path given by {by}."))),
        Err(error) => Err(not_resolved()
            .advice(format!("Check that {} can be read.", path.display()))
            .cause(error)),
    }
}

fn run(command: &str, by: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let words = split_command(command).ok_or_else(|| {
        Failure::fatal("Resolving password failed: the command has a quote that is not closed")
    })?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::fatal("Resolving password failed: the command is empty"));
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            not_resolved().advice(format!("Check the command given by {by}.")).cause(error)
        })?;
    let text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(Failure::fatal(format!("Resolving password failed: {}", ended(output.status)))
            .advice(format!(
                "The password command {program:?} failed; run it by itself to see why."
            )));
    }
    Ok(trimmed(&text))
}

/// How a command ended, as Go writes it.
fn ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match number {
            2 => "interrupt",
            9 => "killed",
            15 => "terminated",
            _ => return format!("signal: {number}"),
        };
        return format!("signal: {name}");
    }
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

/// Splits a command into words at blanks that are not in quotes. A backslash stands for itself,
/// except that a quote after it does not count; so restic has it, and so paths of Windows work.
pub(crate) fn split_command(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut open_quote = None;
    let mut last = '\0';
    for c in text.chars() {
        match open_quote {
            Some(quote) if c == quote && last != '\\' => open_quote = None,
            None if (c == '"' || c == '\'') && last != '\\' => {
                open_quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
        last = c;
    }
    words.extend(word);
    open_quote.is_none().then_some(words)
}

fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    rpassword::prompt_password(prompt)
        .map(|text| Zeroizing::new(text.into_bytes()))
        .map_err(|error| Failure::fatal("unable to read password").cause(error))
}

/// One line of standard input, byte by byte, so that what follows is left for whoever reads it.
fn read_line() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut line = Zeroizing::new(Vec::new());
    for byte in std::io::stdin().lock().bytes() {
        match byte.map_err(|error| Failure::fatal("unable to read password").cause(error))? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;

    fn found(line: &str, variables: &[(&str, &str)]) -> Result<Option<Given>, Failure> {
        let words = std::iter::once("holdfast").chain(line.split(' '));
        let arguments = Arguments::read(words.map(Into::into).collect()).expect("a command");
        given(&Access::from(&arguments.global), &Environment::of_pairs(variables))
    }

    #[test]
    fn a_flag_wins_over_our_variable_and_ours_over_the_one_of_restic() {
        let restic = ("RESTIC_PASSWORD_COMMAND", "get");
        let ours = ("HOLDFAST_PASSWORD", "secret");
        let cases = [
            (
                "snapshots -p /p",
                vec![restic, ours],
                Some((Place::File("/p".into()), "--password-file")),
            ),
            ("snapshots", vec![restic, ours], Some((Place::Variable, "HOLDFAST_PASSWORD"))),
            (
                "snapshots",
                vec![restic],
                Some((Place::Command("get".to_owned()), "RESTIC_PASSWORD_COMMAND")),
            ),
            ("snapshots", vec![], None),
        ];
        for (line, variables, expected) in cases {
            let place = expected.map(|(place, by)| Given { place, by: by.to_owned() });
            assert_eq!(found(line, &variables).expect("found"), place, "{line} {variables:?}");
        }
    }

    #[test]
    fn a_file_and_a_command_exclude_each_other() {
        let message = found("snapshots -p a --password-command b", &[]).expect_err("refused");
        assert!(message.message().contains("mutually exclusive"));
    }

    #[test]
    fn a_command_is_split_at_blanks_outside_of_quotes() {
        let cases = [
            ("a  b c", vec!["a", "b", "c"]),
            (r#"sh -c 'echo "x y"'"#, vec!["sh", "-c", r#"echo "x y""#]),
            (r"C:\tools\get.exe me", vec![r"C:\tools\get.exe", "me"]),
            (r#"a "" b"#, vec!["a", "", "b"]),
        ];
        for (text, words) in cases {
            assert_eq!(split_command(text).expect(text), words);
        }
        assert_eq!(split_command("echo 'x"), None);
    }
}
