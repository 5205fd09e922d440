//! The services of the operating system that need a window; the others stand in
//! `holdfast_services`.

mod dialogs;

pub(crate) use dialogs::{choose_folder, show_in_folder, tell};
