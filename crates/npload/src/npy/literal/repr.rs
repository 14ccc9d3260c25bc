//! Literals as Python's `repr` shows them: for messages, and for headers.

use std::fmt::{self, Write};

use super::Literal;
use crate::python_repr;

/// A float as Python's `repr` shows it.
fn float(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let magnitude = value.abs();
    let _ = if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let shortest = format!("{value:e}");
        let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        write!(out, "{digits}e{sign}{exponent:0>2}")
    } else {
        write!(out, "{value:?}")
    };
}

impl Literal {
    fn write(&self, out: &mut String) {
        match self {
            Literal::None => out.push_str("None"),
            Literal::Ellipsis => out.push_str("Ellipsis"),
            Literal::Bool(true) => out.push_str("True"),
            Literal::Bool(false) => out.push_str("False"),
            Literal::Int(value) => out.push_str(&value.to_string()),
            Literal::BigInt(spelling) => out.push_str(spelling),
            Literal::Float(value) => float(out, *value),
            Literal::Complex(re, im) => complex(out, *re, *im),
            Literal::Str(text) => out.push_str(&python_repr::text(text)),
            Literal::Surrogates(codes) => {
                out.push_str(&python_repr::code_points(codes.iter().copied()));
            }
            Literal::Bytes(bytes) => out.push_str(&python_repr::bytes(bytes)),
            Literal::Tuple(items) => {
                sequence(out, "(", items, if items.len() == 1 { ",)" } else { ")" });
            }
            Literal::List(items) => sequence(out, "[", items, "]"),
            Literal::Set(items) if items.is_empty() => out.push_str("set()"),
            Literal::Set(items) => sequence(out, "{", items, "}"),
            Literal::Dict(pairs) => {
                out.push('{');
                for (i, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    key.write(out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
            Literal::NumpyInt(value) => {
                let _ = write!(out, "np.int64({value})");
            }
        }
    }
}

fn sequence(out: &mut String, open: &str, items: &[Literal], close: &str) {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        item.write(out);
    }
    out.push_str(close);
}

fn complex(out: &mut String, re: f64, im: f64) {
    let part = |value: f64| {
        let mut text = String::new();
        float(&mut text, value);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    let im = part(im);
    let _ = if re == 0.0 && re.is_sign_positive() {
        write!(out, "{im}j")
    } else {
        let plus = if im.starts_with('-') { "" } else { "+" };
        write!(out, "({}{plus}{im}j)", part(re))
    };
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}
