//! `holdfast-bench`, which `make bench` runs.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    holdfast_bench::arguments::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    // Memory for files, affinities and the accounts of a process are Linux's here.
    std::process::ExitCode::FAILURE
}
