//! `jiewang`: one binary for the city's software and for those who run it.

use jiewang::args::{ParseError, parse};
use std::process::ExitCode;

/// Many small allocations that live as long as one request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(args) => jiewang::run(args),
        Err(ParseError::Line(said)) => said.exit(),
        Err(error @ (ParseError::File { .. } | ParseError::Limit(_))) => {
            eprintln!("jiewang: {error}");
            jiewang::Exit::Configuration.into()
        }
    }
}
