//! How a body is compressed on the wire and in the spool.

use std::io;
use std::io::Read;
use std::io::Write;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// gzip: every intake and proxy reads it.
    #[default]
    Gzip,
    /// zstd: smaller and faster, not read by every stand-in for Datadog.
    Zstd,
    /// As it is.
    None,
}

impl Compression {
    /// Every kind.
    pub const ALL: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::None];

    /// The word for it in settings and in the spool.
    pub fn as_str(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::None => "none",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Compression> {
        Compression::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Value of the `Content-Encoding` header. Datadog's word for an ordinary zstd frame is `zstd1`.
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd1"),
            Compression::None => None,
        }
    }

    /// Compresses `raw`. The same bytes give the same result, so that a body that is sent again is the same body.
    ///
    /// # Errors
    /// When the compressor fails, which none does on memory.
    pub fn compress(self, raw: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(raw)?;
                encoder.finish()
            }
            Compression::Zstd => zstd::bulk::compress(raw, zstd::DEFAULT_COMPRESSION_LEVEL),
            Compression::None => Ok(raw.to_vec()),
        }
    }

    /// The bytes that were compressed, which must be `raw_bytes` many: a broken file cannot fill the memory.
    ///
    /// # Errors
    /// When `body` is not what this kind makes of `raw_bytes` bytes.
    pub fn expand(self, body: &[u8], raw_bytes: usize) -> io::Result<Vec<u8>> {
        let raw = match self {
            Compression::Gzip => {
                let mut raw = Vec::with_capacity(raw_bytes);
                GzDecoder::new(body).take(raw_bytes as u64 + 1).read_to_end(&mut raw)?;
                raw
            }
            Compression::Zstd => zstd::bulk::decompress(body, raw_bytes)?,
            Compression::None => body.to_vec(),
        };
        if raw.len() != raw_bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body has another length than its header says"));
        }
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_what_it_compressed_and_nothing_longer_or_shorter() {
        let raw = b"{\"series\":[]}".repeat(100);
        for kind in Compression::ALL {
            let body = kind.compress(&raw).unwrap();
            assert_eq!(kind.expand(&body, raw.len()).unwrap(), raw, "{kind:?}");
            assert!(kind.expand(&body, raw.len() - 1).is_err(), "{kind:?}");
            assert!(kind.expand(&body, raw.len() + 1).is_err(), "{kind:?}");
            assert_eq!(Compression::from_word(kind.as_str()), Some(kind));
        }
    }
}
