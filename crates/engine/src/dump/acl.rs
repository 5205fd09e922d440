//! Access control lists of Linux as the text that tar archives hold.

/// The long text of a list in Linux's binary form, with numbers for users and groups; `None` if it
/// is not such a list.
pub(super) fn text(acl: &[u8]) -> Option<String> {
    let (version, entries) = acl.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != 2 || entries.len() % 8 != 0 {
        return None;
    }
    let mut text = String::new();
    for entry in entries.chunks_exact(8) {
        let short = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let who = match short(0) {
            0x01 => "user:".to_owned(),
            0x02 => format!("user:{id}"),
            0x04 => "group:".to_owned(),
            0x08 => format!("group:{id}"),
            0x10 => "mask:".to_owned(),
            0x20 => "other:".to_owned(),
            _ => return None,
        };
        let may = |bit: u16, letter: char| if short(2) & bit == 0 { '-' } else { letter };
        text.push_str(&format!("{who}:{}{}{}\n", may(4, 'r'), may(2, 'w'), may(1, 'x')));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_out() {
        let acl = [
            &[2, 0, 0, 0][..],
            &[1, 0, 6, 0, 255, 255, 255, 255],
            &[2, 0, 5, 0, 232, 3, 0, 0],
            &[0x20, 0, 0, 0, 255, 255, 255, 255],
        ]
        .concat();
        assert_eq!(text(&acl).as_deref(), Some("user::rw-\nuser:1000:r-x\nother::---\n"));
        assert_eq!(text(&acl[..11]), None);
        assert_eq!(text(&[1, 0, 0, 0]), None);
        assert_eq!(text(&[]), None);
    }
}
