//! `holdfast-bench`, which `make bench` runs.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    holdfast_bench::arguments::main()
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::print_stderr, reason = "a program for contributors, which talks on their terminal")]
fn main() -> std::process::ExitCode {
    eprintln!("bench: files in memory, and what a process held of it, are asked of Linux alone");
    std::process::ExitCode::FAILURE
}
