//! One component of a pattern: Go's `filepath.Match`, compiled.
//!
//! `*` stands for any bytes, `?` for one character, `[a-z]` and `[^a-z]` for one character of (or
//! not of) a class, and `\` takes away a character's meaning (not on Windows). A byte that is not
//! part of valid UTF-8 counts as a character, the replacement character.

/// A compiled component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Component {
    /// Without wildcards: equal bytes.
    Literal(Vec<u8>),
    /// Runs of tokens; each run but the first stands behind a `*`.
    Wildcards {
        /// A `*` comes before the first run.
        starts_open: bool,
        /// The runs between stars. The last may be empty, when the pattern ends in `*`.
        runs: Vec<Vec<Token>>,
    },
}

/// One thing that a run wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// This byte.
    Byte(u8),
    /// Any one character.
    AnyCharacter,
    /// One character of some ranges, or none of them.
    Class {
        /// None of them.
        negated: bool,
        /// First and last of each range.
        ranges: Vec<(char, char)>,
    },
}

/// The pattern is not well formed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Component {
    /// Compiles one component.
    pub(super) fn compile(pattern: &[u8]) -> Result<Self, Malformed> {
        if !pattern.iter().any(|byte| b"\\[]*?".contains(byte)) {
            return Ok(Self::Literal(pattern.to_vec()));
        }
        let starts_open = pattern.first() == Some(&b'*');
        let mut runs = Vec::new();
        let mut run = Vec::new();
        let mut rest = pattern;
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            match first {
                b'*' => {
                    // A star at the very start stands before the first run, not behind one.
                    if after.len() + 1 < pattern.len() {
                        runs.push(std::mem::take(&mut run));
                    }
                    while let Some((b'*', after)) = rest.split_first() {
                        rest = after;
                    }
                }
                b'?' => run.push(Token::AnyCharacter),
                b'[' => run.push(class(&mut rest)?),
                b'\\' if !cfg!(windows) => {
                    let (&escaped, after) = rest.split_first().ok_or(Malformed)?;
                    rest = after;
                    run.push(Token::Byte(escaped));
                }
                byte => run.push(Token::Byte(byte)),
            }
        }
        runs.push(run);
        Ok(Self::Wildcards { starts_open, runs })
    }

    /// True if the whole of `name` fits.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Literal(wanted) => wanted == name,
            Self::Wildcards { starts_open, runs } => matches_runs(runs, *starts_open, name),
        }
    }
}

/// What is left of `name` behind the runs must be nothing. The earliest place that fits is right
/// for every run but the last, as in any pattern language with one kind of star.
fn matches_runs(runs: &[Vec<Token>], starts_open: bool, mut name: &[u8]) -> bool {
    for (number, run) in runs.iter().enumerate() {
        let is_last = number + 1 == runs.len();
        let behind_star = number > 0 || starts_open;
        if behind_star && is_last && run.is_empty() {
            return true;
        }
        let fits = |name: &[u8]| after_run(run, name).filter(|&at| !is_last || at == name.len());
        let found = if behind_star {
            (0..=name.len()).find_map(|start| fits(&name[start..]).map(|length| start + length))
        } else {
            fits(name)
        };
        match found {
            Some(end) => name = &name[end..],
            None => return false,
        }
    }
    name.is_empty()
}

/// How many bytes of `name` the run takes, if it fits at its start.
fn after_run(run: &[Token], name: &[u8]) -> Option<usize> {
    let mut at = 0;
    for token in run {
        let rest = &name[at..];
        let length = match token {
            Token::Byte(byte) => usize::from(rest.first() == Some(byte)),
            Token::AnyCharacter => first_character(rest).map_or(0, |(_, length)| length),
            Token::Class { negated, ranges } => {
                let (character, length) = first_character(rest)?;
                let within = ranges.iter().any(|&(low, high)| (low..=high).contains(&character));
                if within == *negated { 0 } else { length }
            }
        };
        if length == 0 {
            return None;
        }
        at += length;
    }
    Some(at)
}

/// The first character and its length in bytes.
fn first_character(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let start = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
    };
    let character = valid.chars().next();
    Some(character.map_or((char::REPLACEMENT_CHARACTER, 1), |found| (found, found.len_utf8())))
}

/// Reads a class behind its `[`.
fn class(rest: &mut &[u8]) -> Result<Token, Malformed> {
    let negated = rest.first() == Some(&b'^');
    if negated {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.first() == Some(&b']') {
            *rest = &rest[1..];
            return Ok(Token::Class { negated, ranges });
        }
        let low = class_character(rest)?;
        let mut high = low;
        if rest.first() == Some(&b'-') {
            *rest = &rest[1..];
            high = class_character(rest)?;
        }
        ranges.push((low, high));
    }
}

/// Reads one character of a class; something must follow it.
fn class_character(rest: &mut &[u8]) -> Result<char, Malformed> {
    match rest.first() {
        None | Some(b'-' | b']') => return Err(Malformed),
        Some(b'\\') if !cfg!(windows) => *rest = &rest[1..],
        Some(_) => {}
    }
    let (character, length) = first_character(rest).ok_or(Malformed)?;
    if character == char::REPLACEMENT_CHARACTER && length == 1 {
        return Err(Malformed);
    }
    *rest = &rest[length..];
    if rest.is_empty() { Err(Malformed) } else { Ok(character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, name: &[u8], expected: bool) {
        let compiled = Component::compile(pattern.as_bytes());
        assert_eq!(compiled.map(|it| it.matches(name)), Ok(expected), "{pattern} on {name:?}");
    }

    #[test]
    fn wildcards_match_as_gos_do() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*", "", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*b*c*d*e*", "axbxcxdxe", true),
            ("a*b*c*d*e*f", "axbxcxdxexxxf", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("*x", "xxx", true),
            ("**", "abc", true),
            ("a**c", "abbc", true),
            ("?", "", false),
            ("a*?", "a", false),
            ("*.?*", ".git", true),
        ] {
            check(pattern, name.as_bytes(), expected);
        }
        check("?", b"\xff", true);
        check("[\u{fffd}]", b"\xff", true);
        check("??", b"\xff", false);
    }

    #[cfg(not(windows))]
    #[test]
    fn a_backslash_takes_away_a_meaning() {
        for (pattern, name, expected) in [
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "z", false),
        ] {
            check(pattern, name.as_bytes(), expected);
        }
        assert_eq!(Component::compile(b"a\\"), Err(Malformed));
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for pattern in ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a["] {
            let compiled = Component::compile(pattern.as_bytes());
            assert_eq!(compiled, Err(Malformed), "{pattern}");
        }
    }
}
