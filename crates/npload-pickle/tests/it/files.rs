//! The lines of `testdata/pickle`.

use std::path::Path;

use base64::Engine;
use npload_pickle::Encoding;
use serde_json::Value;

/// A pickle of the corpus, with what CPython made of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    pub(crate) pickle: Vec<u8>,
    /// The canonical value, or the class and text of the exception.
    pub(crate) expected: Result<Value, (String, String)>,
    /// For each beginning of it: `E` for `EOFError`, `T` for truncated, `?` for something else.
    pub(crate) cuts: Option<String>,
    pub(crate) disassembly: Option<String>,
}

pub(crate) fn lines(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pickle");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn pickle(line: &Value) -> Vec<u8> {
    base64::prelude::BASE64_STANDARD
        .decode(line["pickle"].as_str().unwrap())
        .unwrap()
}

pub(crate) fn corpus() -> Vec<Case> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut before = Value::Null;
    let cases = lines("corpus.jsonl").into_iter().map(|mut line| {
        let expected = match line.get("error") {
            Some(error) => Err((text(&error[0]).unwrap(), text(&error[1]).unwrap())),
            None => {
                if let Some(value) = line.get_mut("value") {
                    before = value.take();
                }
                Ok(before.clone())
            }
        };
        Case {
            name: text(&line["name"]).unwrap(),
            encoding: Encoding::parse(line["encoding"].as_str().unwrap()).unwrap(),
            pickle: pickle(&line),
            expected,
            cuts: text(&line["cuts"]),
            disassembly: text(&line["dis"]),
        }
    });
    cases.collect()
}
