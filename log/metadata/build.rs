//! Compiles the wire formats of `proto/` to Rust, without any compiler of Protocol Buffers installed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["proto/entry.proto", "proto/snapshot.proto"];
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["proto"])?;
    prost_build::Config::new()
        .bytes(["."])
        .btree_map(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
