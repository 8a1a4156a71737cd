//! The small files that a kubeconfig, or a pod, names.

use std::io;
use std::io::Read;
use std::path::Path;

/// The longest file that is read. Tokens and certificates have some kilobytes, a kubeconfig of a hundred clusters one
/// megabyte.
const MAX_BYTES: u64 = 4 << 20;

/// Looks whether a file may be read.
///
/// # Errors
/// When there is none, it is no regular file (a pipe could be waited for without end), or it is longer than 4 MiB.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let about = std::fs::metadata(path)?;
    match about.len() {
        _ if !about.is_file() => Err(io::Error::other("it is not a regular file")),
        0..=MAX_BYTES => Ok(()),
        _ => Err(too_long()),
    }
}

/// The text of a file.
///
/// # Errors
/// As [`check`] says, or when it is not UTF-8.
pub(super) fn read(path: &Path) -> io::Result<String> {
    check(path)?;
    let mut text = String::new();
    let bytes = std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if bytes as u64 > MAX_BYTES { Err(too_long()) } else { Ok(text) }
}

fn too_long() -> io::Error {
    io::Error::other(format!("it is longer than {} MiB", MAX_BYTES >> 20))
}
