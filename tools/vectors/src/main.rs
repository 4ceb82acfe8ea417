//! Prints what the published Fluvio crates write: messages and record batches as bytes and in a readable form, for the
//! Go tests of `fluvio/protocol` and `fluvio/record` to be held to.
//!
//! ```text
//! vectors OUTDIR     writes OUTDIR/{protocol,record}/testdata/vectors/*.txt
//! ```
//!
//! A value is made by a `Picker`, which goes through every choice that a type has, and encoded at every version of the
//! window. What is printed beside the bytes is the value that the crates read back from them.

#[macro_use]
mod macros;
mod admin;
mod batches;
mod link;
mod metadata;
mod picker;
mod show;
mod spu;
mod write;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (Some(out), None) = (args.next(), args.next()) else {
        eprintln!("usage: vectors OUTDIR, for example: vectors fluvio");
        std::process::exit(2);
    };
    let out = PathBuf::from(out);
    let messages = out.join("protocol/testdata/vectors");
    write::clear(&messages)?;
    link::write(&messages)?;
    admin::write(&messages)?;
    spu::write(&messages)?;
    let records = out.join("record/testdata/vectors");
    write::clear(&records)?;
    batches::write(&records)
}
