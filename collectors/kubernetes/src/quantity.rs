//! Quantities as Kubernetes writes them (`250m`, `1.5Gi`, `12e6`), counted in whole billionths.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de;

/// Billionths in one: the finest that Kubernetes tells apart.
const UNIT: i128 = 1_000_000_000;
/// Greater quantities count as this one. Kubernetes takes any number of digits, and a million of these still add up.
const MAX: i128 = 10_i128.pow(32);
/// Digits after the point that are read; a further one that is not 0 rounds up, as Kubernetes does.
const FRACTION_DIGITS: usize = 18;
/// Digits are read up to here, the fraction's included.
const WIDEST: i128 = 10_i128.pow(37);

/// Cores, bytes or devices, exact to a billionth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

impl Quantity {
    pub(crate) const ZERO: Quantity = Quantity(0);

    /// So many billionths.
    pub(crate) const fn billionths(count: i128) -> Quantity {
        Quantity(count)
    }

    /// So many whole ones.
    pub(crate) const fn whole(count: i128) -> Quantity {
        Quantity(count * UNIT)
    }

    /// What a text says; none when it is no quantity.
    pub(crate) fn parse(text: &str) -> Option<Quantity> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let (decimal, binary) = scale(suffix)?;
        let kept = &fraction[..fraction.len().min(FRACTION_DIGITS)];
        let rounded = fraction[kept.len()..].bytes().any(|digit| digit != b'0');
        let digits = whole.bytes().chain(kept.bytes()).map(|digit| i128::from(digit - b'0'));
        let mantissa = digits.fold(0_i128, |sum, digit| sum.saturating_mul(10).saturating_add(digit).min(WIDEST));
        let mantissa = (mantissa + i128::from(rounded)).saturating_mul(1 << binary);
        // 9 for billionths.
        let places = decimal.saturating_add(9).saturating_sub(i32::try_from(kept.len()).ok()?);
        let count = match (u32::try_from(places), u32::try_from(-i64::from(places))) {
            (Ok(up), _) => 10_i128.checked_pow(up).map_or(MAX * mantissa.signum(), |ten| mantissa.saturating_mul(ten)),
            (_, Ok(down)) => {
                10_i128.checked_pow(down).map_or(mantissa.signum(), |ten| mantissa.saturating_add(ten - 1) / ten)
            }
            _ => return None,
        };
        let count = count.min(MAX);
        Some(Quantity(if negative { -count } else { count }))
    }

    /// The sum.
    pub(crate) fn plus(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_add(other.0))
    }

    /// The difference, or zero where it would be less.
    pub(crate) fn beyond(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_sub(other.0).max(0))
    }

    /// So many times as much.
    pub(crate) fn times(self, factor: i128) -> Quantity {
        Quantity(self.0.saturating_mul(factor))
    }

    /// The share of `whole` in percent; none of nothing.
    pub(crate) fn percent_of(self, whole: Quantity) -> Option<f64> {
        (whole > Quantity::ZERO).then(|| self.0 as f64 / whole.0 as f64 * 100.0)
    }

    /// The nearest number.
    pub(crate) fn number(self) -> f64 {
        // Parted, so that whole ones stay exact as long as numbers are.
        (self.0 / UNIT) as f64 + (self.0 % UNIT) as f64 / UNIT as f64
    }
}

/// The power of ten and the power of two that a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, u32)> {
    let scale = match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            // More than a number holds is beyond every limit all the same.
            let size = digits.parse().unwrap_or(i32::MAX / 2);
            (if exponent.starts_with('-') { -size } else { size }, 0)
        }
    };
    Some(scale)
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 250m or 1.5Gi, not below 0")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                // Of nothing that is read here can there be less than none.
                let quantity = Quantity::parse(text).filter(|quantity| *quantity >= Quantity::ZERO);
                quantity.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            // A whole number without quotes is one, too: YAML loses them.
            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Quantity, E> {
                Ok(Quantity::whole(i128::from(count).min(MAX / UNIT)))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
#[path = "quantity_tests.rs"]
mod tests;
