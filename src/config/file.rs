//! Reading the small files that a configuration is made of.

use std::io;
use std::io::Read;
use std::path::Path;

/// The longest file that is read; a configuration or a secret has a few kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// The text of a regular file, without a byte order mark.
///
/// # Errors
/// When it cannot be read, is no regular file (a pipe could be waited for without end), is longer than 1 MiB, or is not
/// UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    let bytes = std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if bytes as u64 > MAX_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
