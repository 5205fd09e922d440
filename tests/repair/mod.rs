//! Repairs and rewrites beside restic's: what restic keeps is kept, and the same trees come out.

mod damage;
mod kill;
mod rewrite;

/// How many seeds each journey is made with; `HOLDFAST_REPAIR_CASES` asks for more.
fn cases(usual: u64) -> u64 {
    let asked = std::env::var("HOLDFAST_REPAIR_CASES").ok();
    asked.map_or(usual, |text| text.parse().expect("a number"))
}
