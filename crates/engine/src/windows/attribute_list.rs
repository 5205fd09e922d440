//! Lists of extended attributes as Windows hands them over: `FILE_FULL_EA_INFORMATION`.
//!
//! Each entry has the distance to the next one (4 bytes), flags (1), the length of its name (1) and
//! of its value (2), the name with a NUL, and the value; entries begin at multiples of four bytes.

use crate::tree::ExtendedAttribute;

const HEADER_BYTES: usize = 8;

/// The attributes in a list, in its order. What follows an entry that leads outside is left out.
pub(crate) fn decode(list: &[u8]) -> Vec<ExtendedAttribute> {
    let mut attributes = Vec::new();
    let mut rest = list;
    while let Some((attribute, next)) = first(rest) {
        attributes.push(attribute);
        match next {
            0 => break,
            _ => rest = rest.get(next..).unwrap_or_default(),
        }
    }
    attributes
}

/// The first entry, and how far away the next one is.
fn first(list: &[u8]) -> Option<(ExtendedAttribute, usize)> {
    let (header, rest) = list.split_at_checked(HEADER_BYTES)?;
    let next = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let name_bytes = usize::from(header[5]);
    let value_bytes = usize::from(u16::from_le_bytes([header[6], header[7]]));
    let name = String::from_utf8_lossy(rest.get(..name_bytes)?).into_owned();
    let value = rest.get(name_bytes + 1..)?.get(..value_bytes)?.to_vec();
    Some((ExtendedAttribute { name, value }, next))
}

/// A list of these attributes; an empty value removes one. The first that no list can hold is the
/// error.
pub(crate) fn encode<'a>(
    attributes: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Vec<u8>, &'a str> {
    let mut list = Vec::new();
    let mut last = None;
    for (name, value) in attributes {
        list.resize(list.len().next_multiple_of(4), 0);
        let start = list.len();
        if let Some(last) = last {
            let distance = u32::try_from(start - last).map_err(|_| name)?;
            list[last..last + 4].copy_from_slice(&distance.to_le_bytes());
        }
        let name_bytes = u8::try_from(name.len()).map_err(|_| name)?;
        let value_bytes = u16::try_from(value.len()).map_err(|_| name)?;
        if !is_name(name) {
            return Err(name);
        }
        list.extend_from_slice(&[0, 0, 0, 0, 0, name_bytes]);
        list.extend_from_slice(&value_bytes.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
        list.push(0);
        list.extend_from_slice(value);
        last = Some(start);
    }
    Ok(list)
}

/// True unless Windows has no attribute of this name: other systems have names such as
/// `com.apple.metadata:kMDItemWhereFroms`.
fn is_name(name: &str) -> bool {
    /// What no short name on a FAT drive can have either.
    const ILLEGAL: &str = "\"*+,/:;<=>?[\\]|";
    !name.is_empty() && !name.contains(|c: char| c < ' ' || ILLEGAL.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_laid_out_as_windows_has_it() {
        let list = encode([("COMMENT", &b"red"[..]), ("E", b"")]).expect("a list");
        let (first, padding) = (b"\x14\0\0\0\0\x07\x03\0COMMENT\0red", b"\0");
        let second = b"\0\0\0\0\0\x01\0\0E\0";
        assert_eq!(list, [&first[..], padding, second].concat());
        assert_eq!(encode([]).expect("a list"), b"");
    }

    #[test]
    fn what_was_encoded_is_decoded_in_the_same_order() {
        let large = vec![7; 60_000];
        let attributes = [("LX.MOD", &b"\xa4\x81\0\0"[..]), ("A", &large), ("ZZ", b"x")];
        let list = encode(attributes).expect("a list");
        let decoded = decode(&list);
        let found: Vec<_> = decoded.iter().map(|it| (it.name.as_str(), &it.value[..])).collect();
        assert_eq!(found, attributes);
    }

    #[test]
    fn what_no_list_can_hold_is_named() {
        let (long, large) = ("N".repeat(256), vec![0; 65_536]);
        let refused =
            [(long.as_str(), &b""[..]), ("BIG", &large), ("", b"x"), ("A\0", b""), ("a:b", b"x")];
        for (name, value) in refused {
            assert_eq!(encode([("user.A b-_", &b"x"[..]), (name, value)]), Err(name));
        }
    }

    #[test]
    fn a_list_that_leads_outside_ends_there() {
        let list = encode([("A", &b"x"[..]), ("B", b"yz")]).expect("a list");
        for length in 0..list.len() {
            assert!(decode(&list[..length]).len() < 2, "{length}");
        }
        let mut far = list.clone();
        far[3] = 0xff;
        assert_eq!(decode(&far).len(), 1);
    }
}
