//! `jiewang`: one binary for the city's software and for those who run it.

use clap::Parser;
use std::process::ExitCode;

/// Many small allocations that live as long as one request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jiewang::run(jiewang::Args::parse())
}
