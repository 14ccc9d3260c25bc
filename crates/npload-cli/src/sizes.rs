//! Numbers of bytes, for people.

/// `1,234,567`.
pub(crate) fn exact(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len().saturating_sub(i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.2 MiB`: three digits at most, rounded.
#[expect(clippy::cast_precision_loss, reason = "rounded to three digits anyway")]
pub(crate) fn rough(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    // What would round to 1024 is one of the next.
    while value >= 1023.5 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = Some(next);
    }
    let decimals = usize::from(value < 99.95);
    format!("{value:.decimals$} {}", unit.unwrap_or(&""))
}

/// `1 byte`, `1,234 bytes`.
pub(crate) fn exact_bytes(bytes: u64) -> String {
    let s = if bytes == 1 { "" } else { "s" };
    format!("{} byte{s}", exact(bytes))
}

/// How many of something: `1 array`, `3 arrays`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {what}{s}", exact(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_exact() {
        for (bytes, short, all) in [
            (0, "0 B", "0"),
            (999, "999 B", "999"),
            (1023, "1023 B", "1,023"),
            (1024, "1.0 KiB", "1,024"),
            (102_300, "99.9 KiB", "102,300"),
            (1_048_064, "1.0 MiB", "1,048,064"),
            (123_456_789, "118 MiB", "123,456,789"),
            (u64::MAX, "16.0 EiB", "18,446,744,073,709,551,615"),
        ] {
            assert_eq!((rough(bytes).as_str(), exact(bytes).as_str()), (short, all));
        }
        assert_eq!(count(1, "array"), "1 array");
        assert_eq!(count(65_000, "array"), "65,000 arrays");
    }
}
