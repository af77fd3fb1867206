//! Numbers as they are written in JSON (RFC 8259, section 6), read exactly.

/// A number: its digits times a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number<'a> {
    text: &'a str,
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Number<'a> {
    /// None for a text that is no number of JSON.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let digits = |text: &'a str| {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text.split_at(end)
        };
        let unsigned = text.strip_prefix('-');
        let (whole, rest) = digits(unsigned.unwrap_or(text));
        if whole.is_empty() || whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => Some(digits(rest)).filter(|(fraction, _)| !fraction.is_empty())?,
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            None => Some(0).filter(|_| rest.is_empty())?,
            Some(power) => {
                let (sign, power) = match power.strip_prefix('-') {
                    Some(power) => (-1, power),
                    None => (1, power.strip_prefix('+').unwrap_or(power)),
                };
                let is_number = !power.is_empty() && power.bytes().all(|byte| byte.is_ascii_digit());
                // Beyond what any type holds, and so is every power behind it.
                let power = power.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
                is_number.then_some(sign * power)?
            }
        };
        Some(Self {
            text,
            is_negative: unsigned.is_some(),
            whole,
            fraction,
            exponent,
        })
    }

    /// Times ten to `scale`, when that is a whole number of at most `precision` digits; 38 at most.
    pub(super) fn scaled(&self, precision: u8, scale: u8) -> Option<i128> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes());
        if digits().all(|digit| digit == b'0') {
            return Some(0);
        }
        // How many of the digits are left of the point, when it is moved by exponent and scale.
        let behind = i64::try_from(self.fraction.len()).ok()?;
        let shift = self.exponent + i64::from(scale) - behind;
        let ends = digits().rev().take_while(|&digit| digit == b'0').count();
        if shift < 0 && ends < usize::try_from(-shift).ok()? {
            return None;
        }
        let kept = digits().count() - usize::try_from(-shift).unwrap_or(0);
        let mut value = digits().take(kept).try_fold(0i128, |value, digit| {
            value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        })?;
        if shift > 0 {
            value = value.checked_mul(10i128.checked_pow(u32::try_from(shift).ok()?)?)?;
        }
        let fits = value < 10i128.checked_pow(precision.into())?;
        fits.then_some(if self.is_negative { -value } else { value })
    }

    /// As a whole number of 64 bits, when it is one.
    pub(super) fn whole(&self) -> Option<i64> {
        let quick = self.text.parse().ok();
        quick.or_else(|| i64::try_from(self.scaled(38, 0)?).ok())
    }

    /// As the nearest number of 64 bits, when there is one.
    pub(super) fn double(&self) -> Option<f64> {
        self.text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// As the nearest number of 32 bits, when there is one.
    pub(super) fn float(&self) -> Option<f32> {
        self.text.parse().ok().filter(|number: &f32| number.is_finite())
    }
}
