//! The metadata of Windows as JSON values of a node, as restic has them.
//!
//! Other keys of a node are left as they are. A value that is not what its key says is as good as
//! none, but for the security descriptor, whose loss must not go unsaid.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use crate::tree::Node;

const CREATION_TIME: &str = "windows.creation_time";
const FILE_ATTRIBUTES: &str = "windows.file_attributes";
const SECURITY_DESCRIPTOR: &str = "windows.security_descriptor";

/// A moment as Windows counts: 100 nanoseconds since 1601, in two halves.
#[derive(Serialize, Deserialize)]
struct FileTime {
    #[serde(rename = "LowDateTime")]
    low: u32,
    #[serde(rename = "HighDateTime")]
    high: u32,
}

/// Notes when it was created and what its attributes are.
pub(crate) fn set_basics(node: &mut Node, created: u64, attributes: u32) -> serde_json::Result<()> {
    let created =
        FileTime { low: (created & u64::from(u32::MAX)) as u32, high: (created >> 32) as u32 };
    node.generic_attributes.insert(CREATION_TIME.into(), to_raw_value(&created)?);
    node.generic_attributes.insert(FILE_ATTRIBUTES.into(), to_raw_value(&attributes)?);
    Ok(())
}

/// Notes its security descriptor.
pub(crate) fn set_descriptor(node: &mut Node, descriptor: &[u8]) -> serde_json::Result<()> {
    let value = to_raw_value(&STANDARD.encode(descriptor))?;
    node.generic_attributes.insert(SECURITY_DESCRIPTOR.into(), value);
    Ok(())
}

/// The attributes that were noted.
pub(crate) fn attributes(node: &Node) -> Option<u32> {
    serde_json::from_str(node.generic_attributes.get(FILE_ATTRIBUTES)?.get()).ok()
}

/// When it was created, in 100 nanoseconds since 1601.
pub(crate) fn created(node: &Node) -> Option<u64> {
    let text = node.generic_attributes.get(CREATION_TIME)?.get();
    let time: FileTime = serde_json::from_str(text).ok()?;
    Some(u64::from(time.high) << 32 | u64::from(time.low))
}

/// The bytes of the security descriptor; `Err` if there is a value and it is none.
pub(crate) fn descriptor(node: &Node) -> Option<Result<Vec<u8>, NoBytes>> {
    let text = node.generic_attributes.get(SECURITY_DESCRIPTOR)?.get();
    // Go writes a missing value so.
    if text == "null" {
        return None;
    }
    let bytes = serde_json::from_str::<String>(text).ok().and_then(|it| STANDARD.decode(it).ok());
    Some(bytes.ok_or(NoBytes))
}

/// The value is no text, or no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot's security descriptor is damaged")]
pub(crate) struct NoBytes;

/// Hundreds of nanoseconds since 1601 as seconds since 1970 and nanoseconds.
pub(crate) fn moment(ticks: u64) -> (i64, u32) {
    /// Seconds from 1601 to 1970.
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let seconds = (ticks / TICKS_PER_SECOND) as i64 - EPOCH_SECONDS;
    (seconds, (ticks % TICKS_PER_SECOND) as u32 * 100)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn with(key: &str, json: &str) -> Node {
        let value = RawValue::from_string(json.to_owned()).expect("JSON");
        let mut node = Node { name: b"a".to_vec(), ..Node::default() };
        node.generic_attributes.insert(key.to_owned(), value);
        node
    }

    #[test]
    fn the_values_are_written_as_restic_writes_them_with_keys_in_order() {
        let mut node = with("windows.zzz_of_the_future", "[1.50]");
        set_descriptor(&mut node, &[1, 0, 4, 0x80, 0xff, 0xfe, 0xfb]).expect("a value");
        set_basics(&mut node, 133_500_000_123_456_789, 0x2022).expect("values");
        let mut json = Vec::new();
        node.encode_into(&mut json);
        let json = String::from_utf8(json).expect("text");
        let expected = r#""generic_attributes":{"windows.creation_time":{"LowDateTime":4108291349,"HighDateTime":31082890},"windows.file_attributes":8226,"windows.security_descriptor":"AQAEgP/++w==","windows.zzz_of_the_future":[1.50]}"#;
        assert!(json.contains(expected), "{json}");
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut node = Node::default();
        assert_eq!((attributes(&node), created(&node), descriptor(&node)), (None, None, None));
        set_basics(&mut node, u64::MAX - 5, 7).expect("values");
        set_descriptor(&mut node, b"descriptor").expect("a value");
        assert_eq!((attributes(&node), created(&node)), (Some(7), Some(u64::MAX - 5)));
        assert_eq!(descriptor(&node), Some(Ok(b"descriptor".to_vec())));
    }

    #[test]
    fn a_value_that_is_not_what_its_key_says_is_none_and_a_damaged_descriptor_is_told() {
        assert_eq!(attributes(&with(FILE_ATTRIBUTES, "-1")), None);
        assert_eq!(created(&with(CREATION_TIME, r#"{"LowDateTime":"x"}"#)), None);
        assert_eq!(descriptor(&with(SECURITY_DESCRIPTOR, "null")), None);
        for damaged in [r#""AQA""#, "[1,0]", r#""***""#, "17"] {
            assert_eq!(descriptor(&with(SECURITY_DESCRIPTOR, damaged)), Some(Err(NoBytes)));
        }
    }

    #[test]
    fn a_moment_of_windows_is_a_moment_of_everybody() {
        assert_eq!(moment(0), (-11_644_473_600, 0));
        assert_eq!(moment(116_444_736_000_000_001), (0, 100));
        assert_eq!(moment(116_444_735_999_999_999), (-1, 999_999_900));
    }
}
