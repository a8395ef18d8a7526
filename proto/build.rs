//! Compiles the .proto files without protoc and keeps the descriptor set, annotations and comments included, for the gateway.
#[path = "annotations.rs"]
mod annotations;

use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};
use std::path::{Path, PathBuf};

fn proto_files(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=jiewang");
    println!("cargo:rerun-if-changed=annotations.rs");
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(".".into()));
    resolver.add(annotations::Annotations);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    let mut files = Vec::new();
    proto_files(Path::new("jiewang"), &mut files)?;
    files.sort();
    for file in &files {
        compiler.open_file(file)?;
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // `encode_file_descriptor_set` keeps extensions (google.api.http); `file_descriptor_set` loses them.
    std::fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    // One tree of modules over all packages: a new one needs no line in `lib.rs`.
    tonic_prost_build::configure()
        .bytes(".")
        .include_file("packages.rs")
        // Read by the gateway out of the descriptor set: no code is made of it.
        .extern_path(".google.api", "crate::annotations")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
