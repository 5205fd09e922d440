use std::time::Duration;

use holdfast_engine::forget::KeepCount;

use super::*;

fn read(line: &str) -> Result<Arguments, NotACommand> {
    Arguments::read(std::iter::once("holdfast").chain(line.split(' ')).map(Into::into).collect())
}

fn understood(line: &str) -> Arguments {
    read(line).unwrap_or_else(|wrong| panic!("{line}: {wrong:?}"))
}

fn refusal(line: &str) -> String {
    match read(line) {
        Err(NotACommand::Wrong(text)) => text,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_definition_is_sound() {
    as_restic_parses(Arguments::command()).debug_assert();
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    for line in ["-r /r --json snapshots", "snapshots -r /r --json", "--json snapshots --repo=/r"] {
        let arguments = understood(line);
        assert!(arguments.global.json, "{line}");
        assert_eq!(arguments.global.repo.as_deref(), Some("/r".as_ref()), "{line}");
    }
}

#[test]
fn verbosity_is_counted_or_given() {
    let cases = [
        ("snapshots", Some(1)),
        ("snapshots -v", Some(2)),
        ("snapshots -vv", Some(3)),
        ("snapshots -v -v", Some(3)),
        ("snapshots -vvvv", Some(3)),
        ("snapshots --verbose=2", Some(3)),
        ("snapshots -v=1", Some(2)),
        ("snapshots --verbose --verbose", Some(3)),
        ("snapshots -q", Some(0)),
        ("snapshots -q -v", None),
    ];
    for (line, verbosity) in cases {
        assert_eq!(understood(line).global.verbosity(), verbosity, "{line}");
    }
}

#[test]
fn a_switch_may_have_a_value() {
    assert!(understood("snapshots --json=true").global.json);
    assert!(!understood("snapshots --json=false").global.json);
}

#[test]
fn the_last_of_a_repeated_flag_counts() {
    let arguments = understood("-r a snapshots -r b");
    assert_eq!(arguments.global.repo.as_deref(), Some("b".as_ref()));
}

#[test]
fn a_value_may_begin_with_a_dash() {
    let Command::Backup(backup) = understood("backup -e -x --exclude --y /a").command else {
        panic!("not a backup");
    };
    assert_eq!(backup.exclude.patterns, ["-x", "--y"]);
    assert_eq!(backup.targets, ["/a"]);
}

#[test]
fn a_command_follows_two_dashes() {
    let line = "backup --stdin-from-command --json -- mysqldump --json=false -h x";
    let arguments = understood(line);
    let Command::Backup(backup) = arguments.command else { panic!("not a backup") };
    assert!(arguments.global.json);
    assert_eq!(backup.targets, ["mysqldump", "--json=false", "-h", "x"]);
}

#[test]
fn forget_has_its_own_meaning_for_upper_h() {
    let Command::Forget(forget) = understood("forget -H 3 --host h --prune abc").command else {
        panic!("not a forget");
    };
    assert!(forget.prune);
    assert_eq!(forget.policy().newest_of.hourly, KeepCount::UpTo(3));
    assert_eq!(forget.filter().hosts, ["h"]);
    assert_eq!(forget.snapshots, ["abc"]);
}

#[test]
fn auto_unlock_never_waits_for_less_than_half_an_hour() {
    let auto_unlock = |line: &str| understood(line).global.auto_unlock;
    let hour = Duration::from_secs(3600);
    assert_eq!(auto_unlock("check --auto-unlock off"), Some(AutoUnlockArgument::Off));
    assert_eq!(auto_unlock("check --auto-unlock own"), Some(AutoUnlockArgument::Own));
    assert_eq!(auto_unlock("check --auto-unlock all"), Some(AutoUnlockArgument::All(hour / 2)));
    assert_eq!(auto_unlock("check --auto-unlock=all=1h"), Some(AutoUnlockArgument::All(hour)));
    assert!(refusal("check --auto-unlock all=29m").contains("may be alive"));
    assert!(refusal("check --auto-unlock always").contains("is expected"));
}

#[test]
fn what_is_unknown_is_refused_in_the_words_of_restic() {
    assert!(refusal("snapshots --badflag").starts_with("unknown flag: --badflag"));
    assert!(refusal("badcmd").starts_with("unknown command \"badcmd\" for"));
    assert!(refusal("features").contains("not in this version"));
    assert!(refusal("backup --compression foo a").contains("foo"));
    assert!(refusal("backup --group-by foo a").contains("unknown grouping option"));
    let refused = refusal("forget --keep-within 5x");
    assert_eq!(
        refused,
        "invalid argument \"5x\" for \"--keep-within\" flag: invalid unit 'x' found after number 5"
    );
    assert!(refusal("forget --keep-last -1").contains("use 'unlimited' instead"));
    assert!(refusal("snapshots --retry-lock zz").contains("zz"));
}

#[test]
fn help_is_not_an_error() {
    for line in ["--help", "help", "backup --help", "help restore"] {
        assert!(matches!(read(line), Err(NotACommand::Help(_))), "{line}");
    }
}

#[test]
fn it_is_called_holdfast_whatever_its_file_is_called() {
    let line = |words: &'static str| {
        std::iter::once(r"C:\Tools\holdfast.exe").chain(words.split(' ')).map(Into::into).collect()
    };
    let Err(NotACommand::Wrong(said)) = Arguments::read(line("repair index foo")) else {
        panic!("`repair index` takes no words")
    };
    assert!(said.contains("the repair index command expects no arguments"), "{said}");
    let Err(NotACommand::Help(help)) = Arguments::read(line("prune --help")) else {
        panic!("help is asked for")
    };
    assert!(help.contains("Usage: holdfast prune"), "{help}");
}
