//! Flags of `prune`.

use clap::Args;
use holdfast_engine::prune::MaxUnused;

use crate::values;

/// `holdfast prune`
#[derive(Debug, Args)]
pub(crate) struct PruneArguments {
    /// change nothing, only say what would go
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// UNSAFE, READ THE DOCUMENTATION BEFORE USING! Try to recover a repository stuck with no free
    /// space. Do not use without trying out 'prune --max-repack-size 0' first.
    #[arg(long, value_name = "string")]
    pub(crate) unsafe_recover_no_free_space: Option<String>,
    #[command(flatten)]
    pub(crate) how: PruneHowArguments,
}

/// What is copied and what may stay; of `forget --prune`, too.
#[derive(Debug, Default, Args)]
pub(crate) struct PruneHowArguments {
    /// how much may lie unused rather than be copied around: a size, a share of all data, or
    /// `unlimited` (5%)
    #[arg(long, value_name = "limit", value_parser = max_unused)]
    pub(crate) max_unused: Option<MaxUnused>,
    /// copy at most so much; k, m, g and t stand for powers of 1024
    #[arg(long, value_name = "size", value_parser = values::bytes)]
    pub(crate) max_repack_size: Option<u64>,
    /// copy only out of packs of folders and names, not of content
    #[arg(long)]
    pub(crate) repack_cacheable_only: bool,
    /// compress what is not compressed yet
    #[arg(long)]
    pub(crate) repack_uncompressed: bool,
    /// put packs together that are smaller than this
    #[arg(long, value_name = "below-limit", value_parser = values::bytes)]
    pub(crate) repack_smaller_than: Option<u64>,
}

fn max_unused(text: &str) -> Result<MaxUnused, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not a limit; write it like 5%, 500M or unlimited; below 100%")
    })
}
