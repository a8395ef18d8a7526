//! Real servers for one test: on a free loopback port, in a temporary folder, ended by their own pid.
mod consul;
mod listening;
mod oidc;
mod postgres;
mod process;
mod redis;
mod rotel;

pub use consul::ConsulServer;
pub use oidc::OidcServer;
pub use postgres::PostgresServer;
pub use redis::RedisServer;
pub use rotel::RotelServer;

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// How often another port is tried: between asking for a free one and the server's bind somebody else may take it.
const PORTS_TRIED: usize = 5;

/// A port that was free a moment ago.
///
/// # Panics
/// When loopback has none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// The program from PATH, or from where Debian keeps PostgreSQL's (newest version first).
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).collect::<Vec<_>>();
    on_path.into_iter().chain(debian_postgres()).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// The program that a variable names, when there is one.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file())
}

fn debian_postgres() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(Path::new("/usr/lib/postgresql")) else {
        return Vec::new();
    };
    let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let major = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(major(path)));
    versions.into_iter().map(|path| path.join("bin")).collect()
}

/// Says that a test could not run. In CI that is a failure.
fn skip(test: &str, program: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "{test} needs {program}, and CI must have it");
    // Straight to the stream: the test harness would swallow `eprintln!` of a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test} needs {program}");
}
