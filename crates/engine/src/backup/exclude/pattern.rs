//! Patterns over whole paths.
//!
//! A pattern matches a path if its components match a run of the path's components, so what
//! matches a folder matches everything in it. A pattern that begins with `/` is matched from the
//! start, any other at any depth. `**` stands for any number of components. In a list, one that
//! begins with `!` takes back what earlier ones matched.

use std::borrow::Cow;

use super::RuleError;
use super::glob::Component;

/// A list of patterns that are asked together.
#[derive(Debug, Clone, Default)]
pub struct PatternList {
    patterns: Vec<Pattern>,
    ignores_case: bool,
    has_negation: bool,
}

#[derive(Debug, Clone)]
struct Pattern {
    parts: Vec<Part>,
    negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// The start of an absolute path.
    Root,
    /// `**`
    AnyFolders,
    One(Component),
}

/// A path's components; an absolute path begins with one that is `/`.
type Components<'a> = [&'a [u8]];

const ROOT: &[u8] = b"/";

/// What a list says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternMatch {
    /// The path matches.
    pub matched: bool,
    /// Something in the path, if it is a folder, may match.
    pub children_may_match: bool,
}

impl PatternList {
    /// Compiles patterns; empty ones are ignored.
    pub fn compile<P: AsRef<[u8]>>(
        patterns: impl IntoIterator<Item = P>,
        ignores_case: bool,
    ) -> Result<Self, RuleError> {
        let mut list = Self { ignores_case, ..Self::default() };
        for pattern in patterns {
            let text = pattern.as_ref();
            if text.is_empty() {
                continue;
            }
            let folded = if ignores_case { lower_case(text) } else { Cow::Borrowed(text) };
            let pattern = Pattern::compile(&folded).map_err(|_| RuleError::Malformed {
                pattern: String::from_utf8_lossy(text).into_owned(),
            })?;
            list.has_negation |= pattern.negated;
            list.patterns.push(pattern);
        }
        Ok(list)
    }

    /// True if nothing can match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// True if the path matches.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        self.with_components(path, |components| {
            let mut matched = false;
            for pattern in &self.patterns {
                // A negated pattern matters only for what is matched so far, another only for
                // what is not.
                if pattern.negated == matched && matches(&pattern.parts, components) {
                    matched = !pattern.negated;
                    if !self.has_negation {
                        return true;
                    }
                }
            }
            matched
        })
    }

    /// What the list says of the path and of what may lie below it.
    #[must_use]
    pub fn match_with_children(&self, path: &[u8]) -> PatternMatch {
        self.with_components(path, |components| {
            let mut found = PatternMatch { matched: false, children_may_match: false };
            for pattern in &self.patterns {
                let matched = matches(&pattern.parts, components);
                if pattern.negated {
                    found.matched &= !matched;
                    found.children_may_match &= !matched;
                } else {
                    found.matched |= matched;
                    found.children_may_match |= children_match(&pattern.parts, components);
                }
            }
            found
        })
    }

    fn with_components<T>(&self, path: &[u8], ask: impl FnOnce(&Components<'_>) -> T) -> T {
        let folded = if self.ignores_case { lower_case(path) } else { Cow::Borrowed(path) };
        let mut fixed = [&[][..]; 32];
        let mut count = 0;
        for part in split(&folded) {
            if count == fixed.len() {
                return ask(&split(&folded).collect::<Vec<_>>());
            }
            fixed[count] = part;
            count += 1;
        }
        ask(&fixed[..count])
    }
}

impl Pattern {
    fn compile(text: &[u8]) -> Result<Self, super::glob::Malformed> {
        let (negated, text) = match text.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let parts = split(&clean(text))
            .map(|part| match part {
                ROOT => Ok(Part::Root),
                b"**" => Ok(Part::AnyFolders),
                _ => Component::compile(part).map(Part::One),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { parts, negated })
    }
}

impl Part {
    fn matches(&self, component: &[u8]) -> bool {
        match self {
            Self::Root => component == ROOT,
            Self::AnyFolders => true,
            Self::One(wanted) => wanted.matches(component),
        }
    }
}

fn is_separator(byte: u8) -> bool {
    byte == b'/' || cfg!(windows) && byte == b'\\'
}

/// A path's components: `/a/b` is `/`, `a`, `b`.
fn split(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| is_separator(*byte)).enumerate().map(|(number, part)| match (number, part) {
        (0, []) => ROOT,
        _ => part,
    })
}

/// The shortest equal path, as Go's `filepath.Clean` writes it.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first().is_some_and(|byte| is_separator(*byte));
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| is_separator(*byte)) {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &joined[..]].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

/// True if the parts match a run of the components.
fn matches(parts: &[Part], components: &Components<'_>) -> bool {
    if parts.first() == Some(&Part::Root) {
        return matches_at(parts, components);
    }
    // The root itself is no component that a pattern without one could match.
    let start = usize::from(components.first() == Some(&ROOT));
    (start..=components.len()).any(|at| matches_at(parts, &components[at..]))
}

/// True if the parts match the first components.
fn matches_at(parts: &[Part], components: &Components<'_>) -> bool {
    match parts.split_first() {
        None => true,
        Some((Part::AnyFolders, rest)) => {
            (0..=components.len()).any(|taken| matches_at(rest, &components[taken..]))
        }
        Some((part, rest)) => components
            .split_first()
            .is_some_and(|(component, behind)| part.matches(component) && matches_at(rest, behind)),
    }
}

/// True if something below the components may match.
fn children_match(parts: &[Part], components: &Components<'_>) -> bool {
    if parts.first() != Some(&Part::Root) {
        return true;
    }
    // Behind a `**` everything is open, so only what comes before it is compared.
    let fixed = parts.iter().position(|part| *part == Part::AnyFolders).unwrap_or(parts.len());
    parts[..fixed].iter().zip(components).all(|(part, component)| part.matches(component))
}

/// Go's `strings.ToLower`: character by character, and what is no character is replaced.
fn lower_case(text: &[u8]) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        if text.iter().any(u8::is_ascii_uppercase) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let mut lower = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            // Where lower case takes several characters, Go knows the first alone.
            lower.push(character.to_lowercase().next().unwrap_or(character));
        }
        lower.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(lower.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patterns: &[&str], path: &str, matched: bool, children_may_match: bool) {
        let list = PatternList::compile(patterns, false).expect("patterns");
        let expected = PatternMatch { matched, children_may_match };
        assert_eq!(list.match_with_children(path.as_bytes()), expected, "{patterns:?} on {path}");
        assert_eq!(list.matches(path.as_bytes()), matched, "{patterns:?} on {path}");
    }

    #[test]
    fn patterns_match_runs_of_components() {
        for (pattern, path, matched, children) in [
            ("foo", "/foo", true, true),
            ("foo", "/a/foo/b", true, true),
            ("foo", "/foobar", false, true),
            ("foo/*", "/a/foo", false, true),
            ("foo/*", "/a/foo/b/c", true, true),
            ("/foo", "/a/foo", false, false),
            ("/foo/bar", "/foo", false, true),
            ("/foo/bar", "/foo/bar/baz", true, true),
            ("/foo/bar", "/fox", false, false),
            ("*.go", "/foo/bar/test.go", true, true),
            ("/*.go", "/foo/test.go", false, false),
            ("/foo/**/bar", "/foo/bar", true, true),
            ("/foo/**/bar", "/foo/a/b/c/bar", true, true),
            ("/foo/**/bar", "/foo/a/b", false, true),
            ("/foo/**/bar", "/fox/a/b", false, false),
            ("/foo/**", "/foo", true, true),
            ("/**/*.txt", "/a/b/c.txt", true, true),
            ("user/**/important*", "/home/user/work/x/hidden/x", false, true),
            ("user/**/hidden*/**/c", "/home/user/a/b/hidden/d/e/c", true, true),
            ("foo/../bar/./", "/bar", true, true),
            ("a//b", "/a/b", true, true),
            ("[fx]oo/ba?", "/foo/bar", true, true),
        ] {
            check(&[pattern], path, matched, children);
        }
    }

    #[test]
    fn a_negation_takes_back_and_the_last_match_wins() {
        check(&["*.c", "!main.c"], "/src/main.c", false, false);
        check(&["*.c", "!main.c"], "/src/other.c", true, true);
        check(&["*.c", "!main.c", "main.*"], "/src/main.c", true, true);
        check(&["!main.c", "*.c"], "/src/main.c", true, true);
        check(&["/a/*", "!/a/b"], "/a/b/c", false, false);
    }

    #[test]
    fn case_is_ignored_where_it_shall_be() {
        let list = PatternList::compile(["*.JPG", "ÄÖ*"], true).expect("patterns");
        assert!(list.matches(b"/a/Photo.jPg"));
        assert!(list.matches("/a/äÖß".as_bytes()));
        assert!(!PatternList::compile(["*.JPG"], false).expect("patterns").matches(b"/a.jpg"));
    }

    #[test]
    fn a_malformed_pattern_is_named() {
        let error = PatternList::compile(["ok", "bad/[a"], false).expect_err("refused");
        assert_eq!(error.to_string(), "the pattern \"bad/[a\" is not well formed");
    }

    #[test]
    fn deep_paths_match_as_shallow_ones() {
        let path = "/d".repeat(100) + "/x.tmp";
        check(&["*.tmp"], &path, true, true);
        check(&["/**/x.tmp"], &path, true, true);
    }
}
