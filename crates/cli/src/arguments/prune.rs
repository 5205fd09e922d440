//! Flags of `prune`.

use clap::Args;
use holdfast_engine::prune::MaxUnused;

use crate::values;

/// `holdfast prune`
#[derive(Debug, Args)]
pub(crate) struct PruneArguments {
    /// do not modify the repository, just print what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) how: PruneHowArguments,
}

/// What is copied and what may stay; of `forget --prune`, too.
#[derive(Debug, Default, Args)]
pub(crate) struct PruneHowArguments {
    /// tolerate given limit of unused data (absolute value in bytes with suffixes k/K, m/M, g/G,
    /// t/T, a value in % or the word 'unlimited') (default "5%")
    #[arg(long, value_name = "limit", value_parser = max_unused)]
    pub(crate) max_unused: Option<MaxUnused>,
    /// stop after repacking this much data in total (allowed suffixes for size: k/K, m/M, g/G,
    /// t/T)
    #[arg(long, value_name = "size", value_parser = values::bytes)]
    pub(crate) max_repack_size: Option<u64>,
    /// only repack packs which are cacheable
    #[arg(long)]
    pub(crate) repack_cacheable_only: bool,
    /// repack all uncompressed data
    #[arg(long)]
    pub(crate) repack_uncompressed: bool,
    /// pack below-limit packfiles (allowed suffixes: m/M)
    #[arg(long, value_name = "below-limit", value_parser = values::bytes)]
    pub(crate) repack_smaller_than: Option<u64>,
}

fn max_unused(text: &str) -> Result<MaxUnused, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not a limit; write it like 5%, 500M or unlimited; below 100%")
    })
}
