//! What real NumPy says of thousands of descrs and headers, replayed; and where npload differs on
//! purpose, with the reason.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::header::{Header, Parsed, parse_header};
use super::literal::{Dialect, parse};
use crate::{DType, Error, ErrorKind, Field, Order};

/// Descrs that NumPy takes and npload refuses.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "StringDType's arrays are pickles, and their header says '|O'",
        &["'T'", "'>T'", "'T,i4'", "[('a', 'T')]"],
    ),
    (
        "NumPy takes the code of a character for its internal number of a type",
        &[r"'\x00'"],
    ),
    (
        "NumPy reads past the end of a table",
        &["'<M8[W/1000]'", "'<m8[W/1000]'"],
    ),
    (
        "NumPy fails on everything that one does with them, or cannot read what it writes of them",
        &["'M8[s/-4]'", "'M8[0s/4]'", "'m8[0s]'", "'m8[00s]'"],
    ),
    (
        "a sequence of integers that is no shape",
        &["[('a', 'f4', b'2')]", "('f4', b'2')", "('f4', '')"],
    ),
    (
        "titles are text",
        &[
            "[((1, 'a'), 'f4')]",
            "[((('x', 'y'), 'a'), 'f4')]",
            "[((b't', 'a'), 'f4')]",
            "[((('t',), 'a'), 'f4')]",
            "[((1.5, 'a'), 'f4')]",
            "[(([], 'a'), 'f4')]",
        ],
    ),
    (
        "no Rust string can hold a surrogate",
        &[r"[('\ud800', 'f4')]"],
    ),
    (
        "NumPy walks over whatever can be walked over",
        &[
            "['ab']",
            "['abc']",
            "['ab', 'cd']",
            "[('a', {})]",
            "({}, 2)",
            "b''",
            "{}",
            "{'ab': 1}",
            "{'abc': 1}",
            "{'ab'}",
            "{('a', 'f4')}",
        ],
    ),
    (
        "a number with the fields of another type has no counterpart",
        &[
            "('f4', [('a', 'i2'), ('b', 'i2')])",
            "('i4', [('a', 'i2'), ('b', 'i2')])",
        ],
    ),
];

/// Descrs that npload reads and NumPy refuses, and what they are. ml_dtypes' names are as well.
const READ: &[(&str, &[(&str, &str)])] = &[
    (
        "ml_dtypes' float8_e5m2 as NumPy writes it",
        &[
            ("'f1'", "float8_e5m2"),
            ("'<f1'", "float8_e5m2"),
            ("'>f1'", "float8_e5m2"),
            ("'=f1'", "float8_e5m2"),
            ("'|f1'", "float8_e5m2"),
        ],
    ),
    (
        "metadata is ignored with a warning",
        &[
            ("('f4', {})", "float32"),
            ("('f4', {'x': 1})", "float32"),
            ("('<f4', {'a': 1})", "float32"),
            ("('|O', {'vlen': 's'})", "object"),
            ("('|i1', {'enum': {'FALSE': 0, 'TRUE': 1}})", "int8"),
            ("('|S5', {})", "|S5"),
            ("[('x', ('<f4', {'a': 1}))]", "[('x', '<f4')]"),
        ],
    ),
];

fn lines(name: &str) -> Vec<Value> {
    let path = format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A dtype in the words of `dtypes.jsonl`.
fn described(dtype: &DType) -> Value {
    let field = |f: &Field| json!([f.name, f.title, f.dtype.to_string(), f.offset]);
    let name = |f: &Field| f.name.clone();
    let subdtype = match dtype {
        DType::Subarray(s) => Some(json!([s.base().to_string(), s.shape()])),
        _ => None,
    };
    json!({
        "str": dtype.to_string(),
        "repr": dtype.repr(),
        "descr": match dtype {
            // numpy.save never sees one, since no array has one.
            DType::Subarray(_) => Some(format!("'{}'", dtype.typestr())),
            _ => dtype.descr().ok(),
        },
        "itemsize": dtype.itemsize(),
        "alignment": dtype.alignment(),
        "kind": dtype.kind().to_string(),
        "hasobject": dtype.has_object(),
        "names": dtype.fields().map(|fields| fields.iter().map(name).collect::<Vec<_>>()),
        "fields": dtype.fields().map(|fields| fields.iter().map(field).collect::<Vec<_>>()),
        "subdtype": subdtype,
    })
}

/// Whether a name is ml_dtypes'.
fn is_ml_name(descr: &str) -> bool {
    let dtype = descr.trim_matches('\'').parse::<DType>();
    matches!(dtype, Ok(DType::Number(number, _)) if number.is_ml_dtype() && descr.contains(number.name()))
}

#[test]
fn dtypes_are_those_of_numpy() {
    let mut refused: HashSet<&str> = REFUSED
        .iter()
        .flat_map(|(_, descrs)| *descrs)
        .copied()
        .collect();
    let read = READ.iter().flat_map(|(_, descrs)| *descrs);
    let mut read: HashSet<(String, String)> = read
        .map(|(descr, dtype)| (descr.to_string(), dtype.to_string()))
        .collect();
    let mut wrong = String::new();
    let lines = lines("dtypes.jsonl");
    assert!(lines.len() > 2000);
    for line in &lines {
        let descr = line["descr"].as_str().unwrap();
        let literal = parse(descr, Dialect::Python3).unwrap();
        let ours = DType::from_descr(&literal.value, &mut Vec::new());
        match (&ours, line.get("ok")) {
            (Ok(ours), Some(theirs)) if described(ours) == *theirs => {}
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::DType),
            (Err(_), Some(_)) if refused.remove(descr) => {}
            (Ok(ours), None) if read.remove(&(descr.to_owned(), ours.to_string())) => {}
            (Ok(_), None) if is_ml_name(descr) => {}
            (ours, _) => {
                let ours = ours.as_ref().map(described);
                writeln!(wrong, "{descr}\n  ours   {ours:?}\n  theirs {line}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(
        refused.is_empty() && read.is_empty(),
        "no differences any more: {refused:?} {read:?}"
    );
}

/// A header's bytes and what NumPy says of it.
struct Case {
    text: Vec<u8>,
    version: u8,
    theirs: Option<Value>,
}

impl Case {
    fn all() -> Vec<Case> {
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let case = |line: Value| Case {
            text: line["header_hex"]
                .as_str()
                .unwrap()
                .as_bytes()
                .chunks(2)
                .map(byte)
                .collect(),
            version: u8::try_from(line["version"][0].as_u64().unwrap()).unwrap(),
            theirs: line.get("ok").cloned(),
        };
        lines("headers.jsonl").into_iter().map(case).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([self.version, 0]);
        match self.version {
            1 => bytes.extend(u16::try_from(self.text.len()).unwrap().to_le_bytes()),
            _ => bytes.extend(u32::try_from(self.text.len()).unwrap().to_le_bytes()),
        }
        bytes.extend(&self.text);
        bytes
    }

    fn contains(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.text).contains(text)
    }

    /// Whether what npload makes of it is what NumPy makes of it, or better.
    fn agrees(&self, ours: &Result<Header, Error>) -> bool {
        match (ours, &self.theirs) {
            (Ok(ours), Some(theirs)) => same(ours, theirs),
            (Err(error), None) => matches!(
                error.kind(),
                ErrorKind::Header | ErrorKind::DType | ErrorKind::Encoding | ErrorKind::Shape
            ),
            // NumPy's header reader takes every integer, and fails later.
            (Err(error), Some(_)) if error.kind() == ErrorKind::Shape => true,
            (Err(error), Some(theirs)) if error.kind() == ErrorKind::Header => {
                // Later again; and names of characters are not read.
                theirs["shape"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(Value::is_boolean)
                    || self.contains("\\N{")
            }
            (Err(error), Some(theirs)) if error.kind() == ErrorKind::DType => {
                self.contains("\\ud") || self.contains("['ab']")
            }
            (Ok(ours), None) => {
                self.contains("np.")
                    || self.contains("np . int64(3)")
                    || self.contains("numpy.int64(3)")
                    || self.contains("{'x':1}")
                    || matches!(ours.dtype(), DType::Number(number, _) if number.is_ml_dtype())
            }
            _ => false,
        }
    }
}

fn same(ours: &Header, theirs: &Value) -> bool {
    let shape = json!(ours.shape());
    if theirs["dtype"].as_str().unwrap().starts_with("dtype((") {
        // The dtype of the array is what the subarray is made of.
        return shape == theirs["shape"];
    }
    let warnings = theirs["warnings"].as_array().unwrap();
    // Python's compiler has an opinion on unknown escapes.
    let warnings = warnings
        .iter()
        .filter(|w| !w.as_str().unwrap().starts_with("SyntaxWarning"));
    let our_warnings = ours
        .warnings()
        .iter()
        .map(|w| json!(format!("UserWarning: {w}")));
    shape == theirs["shape"]
        && (ours.order() == Order::F) == theirs["fortran"]
        && ours.dtype().descr().unwrap() == theirs["descr"]
        && ours.dtype().repr() == theirs["dtype"]
        && our_warnings.collect::<Vec<_>>() == warnings.cloned().collect::<Vec<_>>()
}

#[test]
fn headers_are_read_as_numpy_reads_them() {
    let mut wrong = String::new();
    let cases = Case::all();
    assert!(cases.len() > 2000);
    for case in cases {
        let ours = parse_header(&case.bytes(), 10_000).map(|parsed| match parsed {
            Parsed::Header(header) => header,
            Parsed::NeedMore(n) => panic!("{n} bytes are too few"),
        });
        if !case.agrees(&ours) {
            let text = String::from_utf8_lossy(&case.text);
            writeln!(
                wrong,
                "{text:?}\n  ours   {ours:?}\n  theirs {:?}",
                case.theirs
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
