//! Text that must not be seen.

use zeroize::Zeroizing;

/// A repository's password. It is zeroed when dropped and has no way to be printed or stored.
///
/// ```
/// use holdfast_engine::secret::Password;
///
/// let password = Password::new("correct horse");
/// assert_eq!(password.expose(), "correct horse");
/// assert!(!password.is_empty());
/// ```
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into().into_bytes()))
    }

    /// Takes bytes over that need not be text: what a file or a command gave.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The text, for the system's keychain; nothing for bytes that are no text, which only a
    /// command line takes.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The bytes, for key derivation.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// True if there is nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
