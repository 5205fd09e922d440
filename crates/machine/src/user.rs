//! Names of users, as the operating system knows them.

/// The name of the user with this number.
pub(crate) fn name(uid: u32) -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok()??;
    Some(user.name)
}
