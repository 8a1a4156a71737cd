//! As much of CBOR (RFC 8949) as CloudWatch's answers need.

/// A map of texts to what is encoded already.
pub(crate) fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = head(5, entries.len());
    for (key, value) in entries {
        bytes.extend(text(key));
        bytes.extend(value);
    }
    bytes
}

/// An array of what is encoded already.
pub(crate) fn array(items: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = head(4, items.len());
    items.for_each(|item| bytes.extend(item));
    bytes
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}

pub(crate) fn double(value: f64) -> Vec<u8> {
    [vec![0xfb], value.to_be_bytes().to_vec()].concat()
}

fn head(major: u8, length: usize) -> Vec<u8> {
    [vec![major << 5 | 26], u32::try_from(length).unwrap().to_be_bytes().to_vec()].concat()
}
