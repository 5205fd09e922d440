//! Whether a tree that was written anew says what it said.

use serde_json::Value;

/// True if everything that `old` says is said by `new` as well. What is null, empty or zero says
/// nothing.
pub(super) fn says_no_less(new: &[u8], old: &[u8]) -> bool {
    let parsed = (serde_json::from_slice(new), serde_json::from_slice(old));
    matches!(parsed, (Ok(new), Ok(old)) if says(&new, &old))
}

fn says(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => old
            .iter()
            .all(|(key, old)| is_nothing(old) || new.get(key).is_some_and(|new| says(new, old))),
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| says(new, old))
        }
        _ => new == old,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is_true) => !is_true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::Tree;

    const NODE: &str = r#"{"name":"a","type":"file","mtime":"2024-01-01T00:00:00Z""#;

    #[track_caller]
    fn check(rest: &str, after: &str, loses_nothing: bool) {
        let json = format!(r#"{{"nodes":[{NODE}{rest}}}]{after}}}"#);
        assert!(!Tree::reencodes_exactly(json.as_bytes()));
        assert_eq!(Tree::reencodes_without_loss(json.as_bytes()), loses_nothing, "{json}");
    }

    #[test]
    fn another_order_and_what_is_left_out_lose_nothing() {
        check(r#","content":[],"uid":5,"size":0,"error":"""#, "", true);
        check(r#","generic_attributes":{"windows.x":7},"from the future":[1]"#, "", true);
        check(r#","type":"file""#, " ", true);
    }

    #[test]
    fn what_this_version_cannot_hold_would_be_lost() {
        check("", r#","from the future":1"#, false);
        check(r#","extended_attributes":[{"name":"a","value":"","flag":1}]"#, "", false);
        check(r#","type":"door""#, "", false);
        check(r#","ctime":"2024-01-01T00:00:00.50Z""#, "", false);
    }
}
