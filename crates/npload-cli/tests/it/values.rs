//! What `npload show` prints against what NumPy printed of the same files.

use npload::{Loaded, PrintOptions, Selection, load};
use serde_json::Value;

use crate::command::{at_root, npload};

fn manifest() -> Vec<Value> {
    at_root();
    let text = std::fs::read_to_string("testdata/manifest.jsonl").unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What NumPy's `str` says of an array, or what ours does where npload restores more.
fn printed(array: &Value) -> Option<&str> {
    let ours = array["npload"]["str"].as_str();
    ours.or_else(|| array["str"].as_str())
}

/// Files on which the library differs from NumPy; `npload`'s own tests say how and why.
const DIFFERENT: [&str; 3] = [
    "malformed/descr-field-of-chars.npy",
    "npy/header-escapes.npy",
    "npy/timedelta-generic-be.npy",
];

#[test]
fn every_array_prints_as_numpy_prints_it() {
    let mut shown = 0;
    let mut differences = Vec::new();
    let mut check = |place: &str, array: &Value| {
        let Some(told) = printed(array) else {
            return;
        };
        if DIFFERENT.iter().any(|file| place.ends_with(file)) {
            return;
        }
        let ran = npload(&["show", place]);
        shown += 1;
        if ran.out != format!("{told}\n") {
            differences.push(format!("{place}: {}{} NumPy: {told}", ran.out, ran.err));
        }
    };
    for line in manifest() {
        let path = format!("testdata/{}", line["file"].as_str().unwrap());
        match (line["kind"].as_str().unwrap(), &line["npload"]) {
            ("npy", _) => check(&path, &line["arrays"][0]),
            ("error", Value::Array(arrays)) => check(&path, &arrays[0]),
            ("npz", _) => {
                for member in line["members"].as_array().unwrap() {
                    let place = format!("{path}:{}", member["key"].as_str().unwrap());
                    if member["better"].is_null() && line["better"].is_null() {
                        check(&place, &member["array"]);
                    }
                }
            }
            _ => {}
        }
    }
    assert!(shown > 500, "{shown}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Text of an element is shown without what moves a cursor.
fn safe(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[test]
fn slices_print_as_the_sliced_array_does() {
    let mut shown = 0;
    for line in manifest() {
        let path = format!("testdata/{}", line["file"].as_str().unwrap());
        let Ok(array) = load(&path).and_then(Loaded::into_array) else {
            continue;
        };
        for text in [
            "0",
            "-1",
            "::2",
            "..., ::-1",
            "None",
            "..., 0",
            "1:, ..., None",
        ] {
            let selection: Selection = text.parse().unwrap();
            let ran = npload(&["show", &path, text]);
            match array.slice(selection) {
                Err(e) => assert!(ran.err.contains(e.message()), "{path} {text}: {}", ran.err),
                // NumPy's own element, not an array of no axes.
                Ok(part) if part.ndim() == 0 && !text.contains("...") => {
                    let told = part.get(&[]).unwrap().to_string();
                    assert_eq!(ran.out, safe(&told) + "\n", "{path} {text}");
                }
                Ok(part) => {
                    let told = part.format(&PrintOptions::default());
                    assert_eq!(ran.out, safe(&told) + "\n", "{path} {text}");
                }
            }
            shown += 1;
        }
    }
    assert!(shown > 1000, "{shown}");
}
