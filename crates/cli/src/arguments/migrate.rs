//! Flags of `migrate`.

use clap::Args;

/// `holdfast migrate`
#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// the migrations to apply; without any, those that can be applied are listed
    #[arg(value_name = "migration name")]
    pub(crate) migrations: Vec<String>,
    /// go on even if the check before it finds something to say
    #[arg(short = 'f', long)]
    pub(crate) force: bool,
}
