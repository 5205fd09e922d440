//! Moments as a repository records them: nanoseconds, and the offset of the writer's time zone.

/// A moment with the offset from UTC that its writer's clock showed.
///
/// The offset is part of what is stored, and so of a tree's id (restic writes every time in the
/// local zone).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    pub seconds: i64,
    /// Nanoseconds into that second, 0 to 999,999,999.
    pub nanoseconds: u32,
    /// East of UTC, in seconds.
    pub offset_seconds: i32,
}
