//! Security descriptors in their self-relative form: owner, group, access rights and audit rules.
//!
//! A descriptor comes from a repository and is handed to Windows, so nothing in it may lead outside
//! of its own bytes: [`Descriptor::parse`] follows every length before anybody else does, and
//! refuses what it does not know.
//!
//! The layout is that of `SECURITY_DESCRIPTOR_RELATIVE`, `SID`, `ACL` and `ACE_HEADER` in
//! Microsoft's documentation (MS-DTYP 2.4).

/// Bits of the control field.
const DACL_PRESENT: u16 = 0x0004;
const SACL_PRESENT: u16 = 0x0010;
const DACL_PROTECTED: u16 = 0x1000;
const SACL_PROTECTED: u16 = 0x2000;
const SELF_RELATIVE: u16 = 0x8000;

/// The parts of a security descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptor<'a> {
    /// The owner's id.
    pub owner: Option<&'a [u8]>,
    /// The group's id.
    pub group: Option<&'a [u8]>,
    /// Who may do what (DACL).
    pub access: List<'a>,
    /// Whose doings are noted, and labels (SACL).
    pub audit: List<'a>,
}

/// A list of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List<'a> {
    /// The descriptor does not say.
    Absent,
    /// There is one.
    Present {
        /// Its bytes; `None` is a list that restricts nothing.
        list: Option<&'a [u8]>,
        /// It takes nothing from the folder above.
        is_protected: bool,
    },
}

impl<'a> Descriptor<'a> {
    /// The parts of these bytes; `None` unless every one of them is whole.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        const HEADER_BYTES: usize = 20;
        let header = bytes.get(..HEADER_BYTES)?;
        let control = u16_at(header, 2)?;
        if header[0] != 1 || control & SELF_RELATIVE == 0 {
            return None;
        }
        let part = |at: usize| -> Option<Option<&'a [u8]>> {
            let offset = u32_at(header, at)? as usize;
            match offset {
                0 => Some(None),
                1..HEADER_BYTES => None,
                _ => bytes.get(offset..).map(Some),
            }
        };
        let id = |at: usize| match part(at)? {
            None => Some(None),
            Some(from) => sid(from).map(Some),
        };
        let list = |at: usize, present: u16, protected: u16| {
            if control & present == 0 {
                return Some(List::Absent);
            }
            let list = match part(at)? {
                None => None,
                Some(from) => Some(acl(from)?),
            };
            Some(List::Present { list, is_protected: control & protected != 0 })
        };
        Some(Self {
            owner: id(4)?,
            group: id(8)?,
            audit: list(12, SACL_PRESENT, SACL_PROTECTED)?,
            access: list(16, DACL_PRESENT, DACL_PROTECTED)?,
        })
    }
}

impl List<'_> {
    /// True if there is a rule in it.
    pub(crate) fn has_rules(&self) -> bool {
        matches!(self, Self::Present { list: Some(list), .. } if u16_at(list, 4) != Some(0))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The id that these bytes begin with.
fn sid(bytes: &[u8]) -> Option<&[u8]> {
    const HEADER_BYTES: usize = 8;
    const PARTS_MAX: u8 = 15;
    let (revision, parts) = (*bytes.first()?, *bytes.get(1)?);
    if revision != 1 || parts > PARTS_MAX {
        return None;
    }
    bytes.get(..HEADER_BYTES + 4 * usize::from(parts))
}

/// The list that these bytes begin with.
fn acl(bytes: &[u8]) -> Option<&[u8]> {
    const HEADER_BYTES: usize = 8;
    let revision = *bytes.first()?;
    let list = bytes.get(..usize::from(u16_at(bytes, 2)?))?;
    if !(2..=4).contains(&revision) {
        return None;
    }
    let mut rest = list.get(HEADER_BYTES..)?;
    for _ in 0..u16_at(list, 4)? {
        let length = usize::from(u16_at(rest, 2)?);
        let (rule, further) = rest.split_at_checked(length)?;
        check_rule(rule)?;
        rest = further;
    }
    Some(list)
}

/// `None` unless the rule is of a known kind and the id in it is whole.
fn check_rule(rule: &[u8]) -> Option<()> {
    let kind = *rule.first()?;
    let id_at = match kind {
        // Allow, deny, audit, alarm; the same with a condition; labels, attributes, scopes.
        0..=3 | 0x09 | 0x0a | 0x0d | 0x0e | 0x11..=0x15 => 8,
        // The same for objects of a directory: up to two ids of 16 bytes come first.
        0x05..=0x08 | 0x0b | 0x0c | 0x0f | 0x10 => {
            12 + 16 * (u32_at(rule, 8)? & 0b11).count_ones() as usize
        }
        _ => return None,
    };
    sid(rule.get(id_at..)?).map(|_| ())
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// Of a file in a folder of Anna's: herself as owner, a group, three rules from the folder above.
    const INHERITED: &str = "AQAEhBQAAAAwAAAAAAAAAEwAAAABBQAAAAAABRUAAAABAAAAAgAAAAMAAADpAwAAAQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAAQIAAAIAWAADAAAAABAUAP8BHwABAQAAAAAABRIAAAAAEBgA/wEfAAECAAAAAAAFIAAAACACAAAAECQA/wEfAAEFAAAAAAAFFQAAAAEAAAACAAAAAwAAAOkDAAA=";

    fn bytes() -> Vec<u8> {
        STANDARD.decode(INHERITED).expect("base64")
    }

    /// A descriptor of one rule: everybody may do everything.
    pub(crate) fn of_one_rule(protected: bool) -> Vec<u8> {
        let everyone = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        let mut rule = vec![0, 0, 20, 0, 0xff, 0x01, 0x1f, 0];
        rule.extend_from_slice(&everyone);
        let mut list = vec![2, 0, 28, 0, 1, 0, 0, 0];
        list.extend_from_slice(&rule);
        let control = SELF_RELATIVE | DACL_PRESENT | if protected { DACL_PROTECTED } else { 0 };
        let mut bytes = vec![1, 0];
        bytes.extend_from_slice(&control.to_le_bytes());
        for offset in [0u32, 0, 0, 20] {
            bytes.extend_from_slice(&offset.to_le_bytes());
        }
        bytes.extend_from_slice(&list);
        bytes
    }

    #[test]
    fn the_parts_of_a_descriptor_are_found() {
        let bytes = bytes();
        let parts = Descriptor::parse(&bytes).expect("a descriptor");
        assert_eq!(parts.owner, Some(&bytes[20..48]));
        assert_eq!(parts.group, Some(&bytes[48..76]));
        assert_eq!(parts.audit, List::Absent);
        let list = Some(&bytes[76..]);
        assert_eq!(parts.access, List::Present { list, is_protected: false });
        assert!(parts.access.has_rules() && !parts.audit.has_rules());
    }

    #[test]
    fn protected_empty_and_unrestricting_lists_are_told_apart() {
        let mut bytes = of_one_rule(true);
        let is_protected = |bytes: &[u8]| match Descriptor::parse(bytes).expect("whole").access {
            List::Present { list, is_protected } => (list.map(<[u8]>::len), is_protected),
            List::Absent => panic!("there is one"),
        };
        assert_eq!(is_protected(&bytes), (Some(28), true));
        assert_eq!(is_protected(&of_one_rule(false)), (Some(28), false));
        bytes[24] = 0;
        assert!(!Descriptor::parse(&bytes).expect("whole").access.has_rules());
        bytes[16] = 0;
        assert_eq!(is_protected(&bytes), (None, true));
    }

    #[test]
    fn what_leads_outside_or_is_unknown_is_refused() {
        let check = |at: usize, value: u8| {
            let mut bytes = bytes();
            bytes[at] = value;
            assert_eq!(Descriptor::parse(&bytes), None, "{at}: {value}");
        };
        check(0, 2); // another revision
        check(3, 0x04); // not self-relative
        check(4, 7); // the owner in the header
        check(5, 1); // the owner beyond the end
        check(21, 16); // an id of too many parts
        check(78, 0x59); // a list longer than the rest
        check(78, 0x57); // a list shorter than its rules
        check(80, 4); // more rules than there are
        check(86, 0xff); // a rule longer than the list
        check(84, 0x04); // a kind of rule that has no id where others have it
        check(93, 200); // an id in a rule longer than the rule
        let bytes = bytes();
        for length in 0..bytes.len() {
            assert_eq!(Descriptor::parse(&bytes[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_changed_no_part_leads_outside(at in 0usize..164, value: u8) {
            let mut bytes = bytes();
            bytes[at] = value;
            if let Some(parts) = Descriptor::parse(&bytes) {
                for part in [parts.owner, parts.group].into_iter().flatten() {
                    prop_assert!(part.len() <= 68);
                }
            }
        }
    }
}
