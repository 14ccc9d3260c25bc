//! Printing, against what NumPy printed: `testdata/printing.jsonl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use npload_buffer::Buffer;
use serde_json::Value as Json;

use super::*;
use crate::array::Order;
use crate::npy::{Parsed, parse_header};

const LINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/printing.jsonl");

/// The array of a whole npy file.
pub(super) fn array(npy: Vec<u8>) -> Array {
    let Parsed::Header(header) = parse_header(&npy, 1 << 20).unwrap() else {
        panic!("the header is cut off");
    };
    let data = Buffer::from(npy).slice(header.data_offset()..);
    Array::from_bytes(header.dtype().clone(), header.shape(), header.order(), data).unwrap()
}

/// Only the elements that are shown, as one who reads a file in parts would have them.
fn edges(array: &Array) -> Array {
    let shown = PrintOptions::default().shown(array.shape());
    let offsets = edges::offsets(array.offset, array.strides(), &shown);
    let data: Vec<u8> = offsets
        .iter()
        .flat_map(|&at| array.item(at))
        .copied()
        .collect();
    let shape: Vec<usize> = shown.iter().map(Shown::count).collect();
    Array::from_bytes(array.dtype().clone(), &shape, Order::C, Buffer::from(data)).unwrap()
}

/// What differs from NumPy's text, and how many texts there are.
pub(super) fn differences(path: &str) -> (Vec<String>, usize) {
    let lines = std::fs::read_to_string(path).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (number, line) in (1..).zip(lines.lines()) {
        let case: Json = serde_json::from_str(line).unwrap();
        let npy = BASE64.decode(case["npy_base64"].as_str().unwrap()).unwrap();
        let array = array(npy);
        let options = PrintOptions::default();
        let part = edges(&array);
        let printed = [
            ("str", array.to_string()),
            ("repr", array.repr()),
            ("str", part.format_edges(array.shape(), &options).unwrap()),
            ("repr", part.repr_edges(array.shape(), &options).unwrap()),
        ];
        for (key, ours) in printed {
            count += 1;
            let numpys = case[key].as_str().unwrap();
            if ours != numpys {
                wrong.push(format!(
                    "line {number}, {key}\nnumpy: {numpys}\nours:  {ours}"
                ));
            }
        }
    }
    (wrong, count)
}

#[test]
fn arrays_print_as_in_numpy() {
    let (wrong, count) = differences(LINES);
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 2000, "{count}");
}
