//! The body of the fuzz target: a plain function, so that tests replay what fuzzing finds.

use crate::disassemble::disassemble;
use crate::options::{Encoding, Options};
use crate::scan::scan_all;

/// Loads, looks at, prints, scans and disassembles; whatever the bytes are, it returns.
#[doc(hidden)]
pub fn fuzz(input: &[u8]) {
    for encoding in [Encoding::Ascii, Encoding::Latin1, Encoding::Bytes] {
        if let Ok(objects) = Options::new().encoding(encoding).load(input) {
            let _ = objects.to_string();
            for (id, _) in objects.iter() {
                let _ = objects.array(id);
            }
        }
    }
    let _ = scan_all(input);
    for instruction in disassemble(input).flatten() {
        let _ = instruction.to_string();
    }
}
