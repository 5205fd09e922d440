//! What this computer, this user and this process are: identity, clocks, processes, folders.
