//! From the bytes on the wire to the JSON text, within the published limits.

use std::io::Read;

use flate2::Decompress;
use flate2::FlushDecompress;
use flate2::Status;

/// Bytes that a body may have on the wire.
pub(super) const LARGEST_ON_THE_WIRE: usize = 512_000;

/// Bytes that a body may have once it is decompressed.
pub(super) const LARGEST_DECOMPRESSED: usize = 5_242_880;

/// Why a body was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    TooLarge,
    Broken(String),
}

/// Decodes a body by its `Content-Encoding`.
pub(super) fn decode(encoding: &str, body: &[u8]) -> Result<Vec<u8>, Undecodable> {
    if body.len() > LARGEST_ON_THE_WIRE {
        return Err(Undecodable::TooLarge);
    }
    let decoded = match encoding {
        "" | "identity" => body.to_vec(),
        "gzip" => inflate(Decompress::new_gzip(15), "gzip", body)?,
        // A zlib stream (RFC 1950). A bare deflate stream has no zlib header and is refused, as by the vendor.
        "deflate" => inflate(Decompress::new(true), "deflate", body)?,
        "zstd1" => unzstd(body)?,
        other => return Err(Undecodable::Broken(format!("unknown content encoding {other:?}"))),
    };
    match decoded.len() {
        0..=LARGEST_DECOMPRESSED => Ok(decoded),
        _ => Err(Undecodable::TooLarge),
    }
}

/// By hand rather than through a reader: readers take a stream that ends too early for a whole one.
fn inflate(mut stream: Decompress, name: &str, body: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut decoded = Vec::with_capacity(LARGEST_DECOMPRESSED + 1);
    let broken = |reason: String| Undecodable::Broken(format!("invalid {name} body: {reason}"));
    loop {
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let written = decoded.len();
        let rest = body.get(read..).unwrap_or_default();
        let status = stream.decompress_vec(rest, &mut decoded, FlushDecompress::None);
        let status = status.map_err(|error| broken(error.to_string()))?;
        if decoded.len() > LARGEST_DECOMPRESSED {
            return Err(Undecodable::TooLarge);
        }
        let read_now = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        match status {
            Status::StreamEnd if read_now == body.len() => return Ok(decoded),
            Status::StreamEnd => return Err(broken("bytes after its end".to_owned())),
            Status::Ok | Status::BufError if read_now == read && decoded.len() == written => {
                return Err(broken("it ends too early".to_owned()));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

fn unzstd(body: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let broken = |error: std::io::Error| Undecodable::Broken(format!("invalid zstd1 body: {error}"));
    let mut decoded = Vec::new();
    // One byte more than allowed, to tell a body that is too large from one that just fits.
    let limit = u64::try_from(LARGEST_DECOMPRESSED).unwrap_or(u64::MAX) + 1;
    zstd::Decoder::new(body).map_err(broken)?.take(limit).read_to_end(&mut decoded).map_err(broken)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn packed(encoding: &str, text: &[u8]) -> Vec<u8> {
        match encoding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "zstd1" => zstd::encode_all(text, 1).unwrap(),
            _ => text.to_vec(),
        }
    }

    #[test]
    fn every_encoding_comes_back_whole() {
        for size in [0, 1, 70_000, LARGEST_DECOMPRESSED] {
            let text: Vec<u8> = (0..size).map(|i| b"abcdefg"[i % 7]).collect();
            for encoding in ["gzip", "deflate", "zstd1"] {
                assert!(decode(encoding, &packed(encoding, &text)).unwrap() == text, "{encoding} of {size}");
            }
        }
        assert_eq!(decode("", b"{}"), Ok(b"{}".to_vec()));
        assert_eq!(decode("identity", b"{}"), Ok(b"{}".to_vec()));
    }

    #[test]
    fn one_byte_too_many_is_too_large() {
        let text = vec![b'a'; LARGEST_DECOMPRESSED + 1];
        for encoding in ["gzip", "deflate", "zstd1"] {
            assert_eq!(decode(encoding, &packed(encoding, &text)), Err(Undecodable::TooLarge), "{encoding}");
        }
        assert!(decode("", &vec![b'a'; LARGEST_ON_THE_WIRE]).is_ok());
        assert_eq!(decode("", &vec![b'a'; LARGEST_ON_THE_WIRE + 1]), Err(Undecodable::TooLarge));
    }

    #[test]
    fn a_stream_that_is_not_whole_is_broken() {
        let text: Vec<u8> = (0..5_000_u32).flat_map(u32::to_le_bytes).collect();
        for encoding in ["gzip", "deflate", "zstd1"] {
            let whole = packed(encoding, &text);
            for broken in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], &[&whole[..], b"x"].concat(), b""] {
                assert!(matches!(decode(encoding, broken), Err(Undecodable::Broken(_))), "{encoding}");
            }
        }
    }

    #[test]
    fn bare_deflate_and_unknown_encodings_are_refused() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{\"series\":[]}").unwrap();
        assert!(matches!(decode("deflate", &encoder.finish().unwrap()), Err(Undecodable::Broken(_))));
        assert!(matches!(decode("zstd", &packed("zstd1", b"{}")), Err(Undecodable::Broken(_))));
        assert!(matches!(decode("br", b"{}"), Err(Undecodable::Broken(_))));
    }
}
