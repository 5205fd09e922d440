//! A computer that errs: what is compressed or sealed next on this thread comes out damaged, as from
//! an encoder with a bug or from failing memory. Only so can be seen that what is stored is verified.

use std::borrow::Cow;
use std::cell::Cell;

/// Where the computer errs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The compressor makes a sound frame of other content.
    Compressing,
    /// Other bytes are sealed than were asked for, with a seal that matches them.
    Encrypting,
    /// A bit of the sealed bytes changes.
    Sealed,
}

impl Fault {
    pub(crate) const ALL: [Self; 3] = [Self::Compressing, Self::Encrypting, Self::Sealed];
}

thread_local! {
    static NEXT: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Has the computer err the next time that it does this on this thread.
pub(crate) fn err_next(fault: Fault) {
    NEXT.set(Some(fault));
}

/// True if the error that was asked for has not happened yet.
pub(crate) fn is_due() -> bool {
    NEXT.get().is_some()
}

/// Changes the bytes if it is time for this fault.
pub(crate) fn strike(fault: Fault, bytes: &mut [u8]) {
    if NEXT.get() == Some(fault)
        && let Some(middle) = bytes.len().checked_sub(1).map(|last| last / 2)
    {
        NEXT.set(None);
        bytes[middle] ^= 4;
    }
}

/// The content as the compressor takes it.
pub(crate) fn as_compressed(content: &[u8]) -> Cow<'_, [u8]> {
    struck(Fault::Compressing, content)
}

/// The plaintext as the cipher takes it.
pub(crate) fn as_encrypted(plaintext: &[u8]) -> Cow<'_, [u8]> {
    struck(Fault::Encrypting, plaintext)
}

fn struck(fault: Fault, bytes: &[u8]) -> Cow<'_, [u8]> {
    if NEXT.get() != Some(fault) {
        return Cow::Borrowed(bytes);
    }
    let mut other = bytes.to_vec();
    strike(fault, &mut other);
    Cow::Owned(other)
}
