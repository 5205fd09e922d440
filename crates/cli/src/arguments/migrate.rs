//! Flags of `migrate`.

use clap::Args;

const HELP: &str = "\
Lists the migrations that the repository can go through, or applies those that are named, after it \
was checked. A copy of the config that was there before is kept in the working folder.";

/// `holdfast migrate`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct MigrateArguments {
    /// the migrations to apply; without any, those that can be applied are listed
    #[arg(value_name = "migration name")]
    pub(crate) migrations: Vec<String>,
    /// go on even if the check before it finds something to say
    #[arg(short = 'f', long)]
    pub(crate) force: bool,
}
