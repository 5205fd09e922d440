//! Command lines and variables that cannot be meant: refused in restic's words, nothing done.

use crate::world::{Ran, World};

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn run_with(world: &World, variables: Variables<'_>, line: &str) -> Ran {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = world.holdfast(&words);
    command.envs(variables.iter().copied());
    Ran::of(&command.output().expect("holdfast starts"))
}

/// The first line of standard error, after a run that ended with 1.
#[track_caller]
fn refusal(world: &World, line: &str) -> String {
    let ran = world.run(line);
    assert_eq!(ran.code, 1, "{line}: {}{}", ran.out, ran.err);
    ran.err.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_variable_that_cannot_be_understood_is_refused_by_its_name() {
    let world = World::new();
    let modes = "must be one of (auto|off|fastest|better|max)";
    let cases = [
        ("RESTIC_COMPRESSION", "foo", format!("invalid compression mode \"foo\", {modes}")),
        ("HOLDFAST_COMPRESSION", "foo", format!("invalid compression mode \"foo\", {modes}")),
        ("RESTIC_PACK_SIZE", "foo", "a whole number is expected".to_owned()),
        ("HOLDFAST_PACK_SIZE", "-1", "a whole number is expected".to_owned()),
        ("RESTIC_READ_CONCURRENCY", "two", "a whole number is expected".to_owned()),
        ("HOLDFAST_AUTO_UNLOCK", "of", "off, own, all or all=30m is expected".to_owned()),
        ("HOLDFAST_AUTO_UNLOCK", "all=1m", "a lock that showed a sign of life".to_owned()),
    ];
    for (name, value, why) in cases {
        let ran = run_with(&world, &[(name, value)], "backup source");
        ran.failure(1, &format!("Fatal: invalid value for {name} {value:?}: {why}"));
        assert!(world.files("snapshots").is_empty() && world.files("locks").is_empty());
    }
}

#[test]
fn a_flag_wins_over_a_variable_that_cannot_be_understood() {
    let world = World::new();
    let variables = [
        ("RESTIC_COMPRESSION", "foo"),
        ("RESTIC_PACK_SIZE", "foo"),
        ("RESTIC_READ_CONCURRENCY", "foo"),
        ("HOLDFAST_AUTO_UNLOCK", "foo"),
    ];
    let flags = "--compression max --pack-size 4 --read-concurrency 1 --auto-unlock off";
    run_with(&world, &variables, &format!("backup source {flags}")).success();
}

#[test]
fn advice_names_the_flag_or_the_variable_that_was_given() {
    let world = World::new();
    let from = "copy --from-repo repository";
    let cases: [(&str, Variables<'_>, &str); 7] = [
        ("snapshots -p gone", &[], "--password-file"),
        ("snapshots", &[("RESTIC_PASSWORD_FILE", "gone")], "RESTIC_PASSWORD_FILE"),
        ("key add --new-password-file gone", &[], "--new-password-file"),
        (&format!("{from} --from-password-file gone"), &[], "--from-password-file"),
        (from, &[("HOLDFAST_FROM_PASSWORD_FILE", "gone")], "HOLDFAST_FROM_PASSWORD_FILE"),
        ("copy --from-repository-file gone", &[], "--from-repository-file"),
        ("snapshots --password-command /gone/program", &[], "--password-command"),
    ];
    for (line, variables, named) in cases {
        let ran = run_with(&world, variables, line);
        assert_eq!(ran.code, 1, "{line}: {}", ran.err);
        let advice =
            |text: &str| text.starts_with("Check ") && text.contains(&format!(" {named}."));
        assert!(ran.err.lines().any(advice), "{line}: {}", ran.err);
    }
}

#[test]
fn a_value_that_is_none_of_those_there_are_is_refused_in_the_words_of_restic() {
    let world = World::new();
    let cases = [
        (
            "snapshots --compression foo",
            "invalid argument \"foo\" for \"--compression\" flag: invalid compression mode \
             \"foo\", must be one of (auto|off|fastest|better|max)",
        ),
        (
            "restore latest --target out --overwrite foo",
            "invalid argument \"foo\" for \"--overwrite\" flag: invalid overwrite behavior \
             \"foo\", must be one of (always|if-changed|if-newer|never)",
        ),
    ];
    for (line, words) in cases {
        assert_eq!(refusal(&world, line), words);
        let json: serde_json::Value =
            serde_json::from_str(&refusal(&world, &format!("--json {line}"))).expect("a message");
        assert_eq!(json["message_type"], "exit_error");
        assert_eq!((&json["code"], &json["message"]), (&1.into(), &words.into()));
    }
    let sorts = "must be one of (name|size|time|atime|ctime|extension)";
    assert!(refusal(&world, "ls latest --sort foo").ends_with(sorts));
    assert!(refusal(&world, "dump latest / --archive foo").ends_with("must be one of (tar|zip)"));
}

#[test]
fn a_stray_word_is_no_flag_and_no_command_of_the_program() {
    let world = World::new();
    for command in ["prune", "recover", "init", "repair index", "key list"] {
        let said = refusal(&world, &format!("{command} foo"));
        let words = format!("the {command} command expects no arguments, only options");
        assert!(said.trim_start_matches("Fatal: ").starts_with(&words), "{said}");
    }
    assert!(world.run("prune foo").err.contains("\"foo\""));
    assert_eq!(refusal(&world, "snapshots --repo"), "flag needs an argument: --repo");
    assert_eq!(refusal(&world, "prune --foo"), "unknown flag: --foo");
    assert_eq!(refusal(&world, "foo"), "unknown command \"foo\" for \"holdfast\"");
    assert_eq!(refusal(&world, "key foo"), "unknown command \"foo\" for \"holdfast key\"");
    assert_eq!(refusal(&world, "repair foo"), "unknown command \"foo\" for \"holdfast repair\"");
}

#[test]
fn one_list_has_one_form() {
    let world = World::new();
    world.run("backup source").success();
    let ran = world.run("ls latest --json --ncdu");
    assert!(ran.err.contains("Fatal: only either '--json' or '--ncdu' can be specified"));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
}

#[test]
fn a_part_of_the_data_is_refused_for_what_is_wrong_with_it() {
    let world = World::new();
    let part = "n/t values must be positive integers, and n <= t, e.g. --read-data-subset=1/2";
    let cases = [
        ("3/2", part),
        ("0/2", part),
        ("1/0", part),
        ("1/300", "n/t t must be at most 256"),
        ("0%", "x% x must be above 0.0% and at most 100.0%"),
        ("100.1%", "x% x must be above 0.0% and at most 100.0%"),
        ("-1%", "x% x must be above 0.0% and at most 100.0%"),
        ("0M", "n n must be above 0"),
    ];
    for (text, why) in cases {
        let said = refusal(&world, &format!("check --read-data-subset={text}"));
        assert_eq!(said, format!("Fatal: check flag --read-data-subset={why}"), "{text}");
    }
    for text in ["foo", "x/2", "x%", "", "5X"] {
        let said = refusal(&world, &format!("check --read-data-subset={text}"));
        let words = "check flag --read-data-subset has invalid value, please see documentation";
        assert_eq!(said, format!("Fatal: {words}"), "{text}");
    }
}

#[test]
fn a_check_says_which_part_it_reads() {
    let world = World::new();
    world.run("backup source").success();
    let sizes = world.files("data").into_iter();
    let sizes = sizes.map(|path| std::fs::metadata(path).expect("it is there").len());
    let bytes: &str = &format!("read {} bytes of data packs", sizes.sum::<u64>());
    let cases = [
        ("--read-data", "read all data"),
        ("--read-data-subset=1/1", "read group #1 of 2 data packs (in 1 groups)"),
        ("--read-data-subset=50%", "read 50.0% of packfiles"),
        ("--read-data-subset=10M", bytes),
    ];
    for (flag, words) in cases {
        let out = world.run(&format!("check {flag}")).success();
        assert!(out.lines().any(|line| line == words), "{flag}: {out}");
    }
}

#[test]
fn a_key_that_is_not_there_is_said_plainly() {
    let world = World::new();
    let err = world.run("key remove dead").failure(1, "no matching ID found for prefix \"dead\"");
    assert!(err.contains("`holdfast key list` shows the ids."), "{err}");
    assert!(world.files("locks").is_empty());
}

#[test]
fn as_many_snapshots_as_there_are_may_be_asked_for() {
    let world = World::new();
    world.run("backup source").success();
    world.run("backup source").success();
    for (flag, count) in [("--latest 1", 1), ("--latest 0", 2), ("--latest -1", 2)] {
        let out = world.run(&format!("snapshots --json {flag}")).success();
        let listed: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(listed.as_array().map(Vec::len), Some(count), "{flag}");
    }
    let said = refusal(&world, "snapshots --latest x");
    assert!(said.ends_with("a whole number is expected"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_password_command_that_fails_is_told_of_as_by_restic() {
    let world = World::new();
    let cases = [("exit 3", "exit status 3"), ("kill -9 $$", "signal: killed")];
    for (script, words) in cases {
        let command = format!("sh -c '{script}'");
        let words_given = ["snapshots", "--password-command", &command];
        let ours = world.holdfast(&words_given).env_remove("RESTIC_PASSWORD").output();
        let words = format!("Fatal: Resolving password failed: {words}");
        Ran::of(&ours.expect("starts")).failure(1, &words);
    }
}
