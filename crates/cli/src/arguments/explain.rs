//! What is wrong with a command line, in restic's words where it has some.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Why a command line was not understood, or that it asked for help.
#[derive(Debug)]
pub(crate) enum NotACommand {
    /// Text for standard output; all is well.
    Help(String),
    /// Text for standard error.
    Wrong(String),
}

/// Commands of restic that are still to come.
const LATER: &[&str] = &["features", "options", "self-update", "debug"];

/// What restic calls the values of flags that take one of a few.
const CHOICES: &[(&str, &str)] = &[
    ("--archive", "archive format"),
    ("--compression", "compression mode"),
    ("--overwrite", "overwrite behavior"),
    ("--sort", "sort mode"),
];

/// Says what is wrong.
pub(super) fn explain(error: &clap::Error) -> NotACommand {
    let named = |kind: ContextKind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    NotACommand::Wrong(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return NotACommand::Help(error.render().to_string());
        }
        ErrorKind::UnknownArgument => {
            unknown_word(&named(ContextKind::InvalidArg), &named(ContextKind::Usage))
        }
        ErrorKind::InvalidSubcommand => {
            let command = command_of(&named(ContextKind::Usage));
            unknown_command(&named(ContextKind::InvalidSubcommand), &command)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let flag = named(ContextKind::InvalidArg);
            let flag = flag.split(' ').next().unwrap_or_default();
            wrong_value(error, flag, &named(ContextKind::InvalidValue))
        }
        _ => error.render().to_string().trim_end().to_owned(),
    })
}

/// The command that the line with its usage is of, without the program's name.
fn command_of(usage: &str) -> String {
    let words = usage.split_whitespace().skip_while(|word| *word != "holdfast").skip(1);
    let words = words.take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    words.collect::<Vec<_>>().join(" ")
}

fn unknown_word(word: &str, usage: &str) -> String {
    if word.starts_with('-') {
        let hint = "Use \"holdfast [command] --help\" for the flags that there are.";
        return format!("unknown flag: {word}\n{hint}");
    }
    let command = command_of(usage);
    format!(
        "Fatal: the {command} command expects no arguments, only options - please see `holdfast \
         help {command}` for usage and flags\n{word:?} is neither an option nor the value of one."
    )
}

fn unknown_command(name: &str, parent: &str) -> String {
    if parent.is_empty() && LATER.contains(&name) {
        return format!(
            "the command {name:?} is not in this version of holdfast yet\n\
             restic's own {name:?} works on the same repository."
        );
    }
    let program = format!("holdfast {parent}");
    let program = program.trim_end();
    let hint = format!("Use \"{program} --help\" for the commands that there are.");
    format!("unknown command {name:?} for {program:?}\n{hint}")
}

fn wrong_value(error: &clap::Error, flag: &str, value: &str) -> String {
    let why = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(valid)) if !valid.is_empty() => {
            let what = CHOICES.iter().find(|(known, _)| *known == flag);
            let what = what.map_or("value", |(_, what)| what);
            format!("invalid {what} {value:?}, must be one of ({})", valid.join("|"))
        }
        _ if value.is_empty() && error.kind() == ErrorKind::InvalidValue => {
            return format!("flag needs an argument: {flag}");
        }
        _ => std::error::Error::source(error).map(ToString::to_string).unwrap_or_default(),
    };
    format!("invalid argument {value:?} for {flag:?} flag: {why}")
}
