//! JSON as restic writes it.

use serde::Serialize;

/// The value's JSON. What Go's encoder escapes in strings is escaped: `<`, `>` and `&`, two line
/// separators, and the character that stands for bytes that are no text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("messages have text keys only");
    if !json.contains(needs_escape) {
        return json;
    }
    // None of these has a meaning outside of strings.
    let mut escaped = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if needs_escape(character) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn needs_escape(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | char::REPLACEMENT_CHARACTER)
}

/// Go leaves numbers out that are zero where it was told to.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
pub(crate) fn is_zero_u32(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let text = "<a> & \"b\"\n\u{e9}\u{2028}\u{fffd}";
        let expected = r#""\u003ca\u003e \u0026 \"b\"\né\u2028\ufffd""#;
        assert_eq!(to_json(&text), expected);
        assert_eq!(to_json(&[1, 2]), "[1,2]");
    }
}
