//! Which files our rules leave out, beside which ones a real restic does.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast_engine::backup::exclude::{Judgement, Rules};
use holdfast_engine::backup::source::{Directory, Reader, SourceOptions};
use holdfast_engine::tree::NodeKind;
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::{PASSWORD, restic_new};

/// Names that patterns find hard, and that stand beside each other in each folder.
const NAMES: [&[u8]; 20] = [
    b"a",
    b"ab",
    b"abc.tmp",
    b"A.TMP",
    b"b",
    b"cache",
    b"keep",
    b"x y",
    b"*",
    b"[a]",
    b"a?b",
    b"back\\slash",
    b".hidden",
    b"\xc3\xa9t\xc3\xa9",
    b"\xc3\x89T\xc3\x89",
    b"\xff",
    b"-",
    b"!n",
    b"**",
    b"trailing ",
];

/// Patterns of all forms; `SOURCE` stands for the absolute path of the source.
const PATTERNS: [&[u8]; 44] = [
    b"a",
    b"a*",
    b"*.tmp",
    b"*.TMP",
    b"?",
    b"??",
    b"[a-b]",
    b"[^a]",
    b"[a-b]*",
    b"\\*",
    b"\\[a\\]",
    b"*\\**",
    b"a\\?b",
    b"back\\\\slash",
    b"*\\\\*",
    b".*",
    b"x y",
    b"cache",
    b"cache/",
    b"./cache",
    b"cache/..",
    b"b/a",
    b"b/*",
    b"b/**/a",
    b"**/keep",
    b"b/**",
    b"**",
    b"*",
    b"SOURCE/a",
    b"SOURCE/*/a",
    b"SOURCE/**/ab",
    b"/SOURCE/b/../a",
    b"SOURCE/b/*",
    b"SOURCE",
    b"!keep",
    b"!a",
    b"!b/**",
    b"!SOURCE/b",
    b"!*",
    b"\xc3\xa9*",
    b"\xc3\x89*",
    b"\xff",
    b"[\xc3\xa8-\xc3\xaa]*",
    b"[!]n",
];

fn os(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

fn make_source(source: &Path) {
    let folders = ["", "a", "b", "b/a", "b/b/deep/a", "cache/b", "x y"];
    for folder in folders {
        fs::create_dir_all(source.join(folder)).expect("folder");
    }
    for folder in folders {
        let folder = source.join(folder);
        for name in NAMES {
            let path = folder.join(os(name));
            if !path.exists() {
                fs::write(path, name).expect("write");
            }
        }
    }
    fs::write(source.join("b/a/.nobackup"), "").expect("write");
    fs::write(source.join("x y/.nobackup"), "header and more").expect("write");
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n";
    fs::write(source.join("cache/b/CACHEDIR.TAG"), tag).expect("write");
    fs::write(source.join("b/b/CACHEDIR.TAG"), "Signature: something else").expect("write");
    fs::write(source.join("b/large"), vec![0; 5000]).expect("write");
}

/// What restic would back up of the source.
fn stored_by_restic(world: &TestRepository, arguments: &[OsString]) -> BTreeSet<String> {
    let output = Command::new(restic_new())
        .args(["--no-cache", "--json", "-vv", "backup", "--dry-run", "--force", ".", "-r"])
        .arg(world.path())
        .args(arguments)
        .current_dir(world.beside("source"))
        .env("RESTIC_PASSWORD", PASSWORD)
        .env("HOLDFAST_SOURCE", world.beside("source"))
        .output()
        .expect("restic runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A backup of nothing is an error, and here it is an answer.
    assert!(output.status.success() || errors.contains("snapshot is empty"), "{errors}");
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["message_type"] == "verbose_status")
        .filter_map(|message| message["item"].as_str().map(str::to_owned))
        .map(|item| item.trim_end_matches('/').to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// What our rules leave of the source.
fn kept_by_rules(rules: &Rules, source: &Path) -> BTreeSet<String> {
    let reader = Reader::new(SourceOptions::new(jiff::tz::TimeZone::UTC));
    let mut kept = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let directory = Directory::open(&source.join(&folder)).expect("open");
        let markers = rules.markers_in(&directory, &reader);
        for name in directory.names().expect("names") {
            let path = folder.join(&name);
            let node = directory.node(&reader, &name).expect("node");
            let is_left_out = rules.excludes_path(source.join(&path).as_os_str().as_bytes())
                || markers.exclude(&name)
                || rules.judge(&node, node.device_id) == Judgement::Excluded;
            if is_left_out {
                continue;
            }
            kept.insert(format!("/{}", path.to_string_lossy()));
            if node.kind == NodeKind::Folder {
                folders.push(path);
            }
        }
    }
    kept
}

/// Compares for one set of arguments and the rules that shall mean the same.
fn check(world: &TestRepository, arguments: &[OsString], rules: &Rules) {
    let expected = stored_by_restic(world, arguments);
    let actual = kept_by_rules(rules, &world.beside("source"));
    let missing: Vec<_> = expected.difference(&actual).collect();
    let extra: Vec<_> = actual.difference(&expected).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{arguments:?}: restic alone keeps {missing:?}, we alone keep {extra:?}"
    );
}

fn world() -> TestRepository {
    let world = TestRepository::new();
    make_source(&world.beside("source"));
    world
}

fn with_source(pattern: &[u8], source: &Path) -> OsString {
    let text = pattern.to_vec();
    let at = text.windows(6).position(|window| window == b"SOURCE");
    match at {
        Some(at) => os(&[&text[..at], source.as_os_str().as_bytes(), &text[at + 6..]].concat()),
        None => os(&text),
    }
}

#[test]
fn patterns_exclude_what_they_exclude_for_restic() {
    let world = world();
    let source = world.beside("source");
    assert!(stored_by_restic(&world, &[]).len() > 100, "the source is read at all");
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut sets: Vec<Vec<(bool, OsString)>> =
        PATTERNS.iter().map(|pattern| vec![(false, with_source(pattern, &source))]).collect();
    for _ in 0..40 {
        let set = (0..2 + random(3))
            .map(|_| (random(4) == 0, with_source(PATTERNS[random(PATTERNS.len())], &source)));
        sets.push(set.collect());
    }
    for set in sets {
        let mut rules = Rules::builder();
        let mut arguments = Vec::new();
        for (ignores_case, pattern) in set {
            let flag: &OsStr = OsStr::new(if ignores_case { "--iexclude" } else { "--exclude" });
            arguments.extend([flag.to_owned(), pattern.clone()]);
            if ignores_case {
                rules.pattern_ignoring_case(&pattern);
            } else {
                rules.pattern(&pattern);
            }
        }
        check(&world, &arguments, &rules.build().expect("well formed"));
    }
}

#[test]
fn files_of_patterns_markers_caches_and_sizes_exclude_what_they_exclude_for_restic() {
    let world = world();
    let text =
        b"# a comment\n\n  *.tmp  \n$HOLDFAST_SOURCE/a/b\n${HOLDFAST_SOURCE}/x y\n$$\n[^!-~]*\r\n";
    let file = world.beside("patterns");
    fs::write(&file, text).expect("write");
    let source = world.beside("source");
    let variable =
        |name: &OsStr| (name == "HOLDFAST_SOURCE").then(|| source.clone().into_os_string());
    let rules = Rules::builder().pattern_file(text, false, &variable).build().expect("rules");
    check(&world, &["--exclude-file".into(), file.into_os_string()], &rules);
    for (marker, header) in [(".nobackup", ""), (".nobackup", ":header"), (".nobackup", ":other")] {
        let marker = format!("{marker}{header}");
        let rules = Rules::builder().if_present(&marker).build().expect("rules");
        check(&world, &["--exclude-if-present".into(), marker.into()], &rules);
    }
    let rules = Rules::builder().caches().build().expect("rules");
    check(&world, &["--exclude-caches".into()], &rules);
    let rules = Rules::builder().larger_than(4999).build().expect("rules");
    check(&world, &["--exclude-larger-than".into(), "4999".into()], &rules);
}
