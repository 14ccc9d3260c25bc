//! The body of the fuzz target: a plain function, so that tests replay what fuzzing finds.

use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::disassemble::disassemble;
use crate::end::{End, find_end};
use crate::machine::Machine;
use crate::object::ObjectBuilder;
use crate::options::{Encoding, Options};
use crate::scan::scan_all;

/// Loads, looks at, prints, compares, converts, scans and disassembles; whatever the bytes are, it
/// returns.
#[doc(hidden)]
pub fn fuzz(input: &[u8]) {
    for encoding in [Encoding::Ascii, Encoding::Latin1, Encoding::Bytes] {
        let load = || Options::new().encoding(encoding).load(input);
        if let Ok(objects) = load() {
            let _ = objects.to_string();
            let again = load();
            assert!(again.is_ok_and(|again| again == objects), "loaded twice");
            let _ = objects.deserialize::<Anything>();
            for (id, _) in objects.iter() {
                let _ = objects.array(id);
            }
        }
    }
    let end = find_end(&mut { input }, u64::MAX);
    let loaded = Options::new().encoding(Encoding::Bytes);
    if let Ok(done) = loaded.end_of(input) {
        assert_eq!(end, Ok(End::At(done)), "where it ends");
    }
    let _ = scan_all(input);
    for instruction in disassemble(input).flatten() {
        let _ = instruction.to_string();
    }
}

impl Options {
    /// Where the pickle ends.
    fn end_of(&self, input: &[u8]) -> crate::Result<u64> {
        let mut builder = ObjectBuilder::new(input.to_vec().into());
        let done = Machine::new(input, self, &mut builder).run()?;
        Ok(done.end as u64)
    }
}

/// Takes whatever there is, and keeps how much it was.
struct Anything(#[expect(dead_code, reason = "made alone")] u64);

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Anything;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_str<E>(self, text: &str) -> Result<Anything, E> {
        Ok(Anything(text.len() as u64))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Anything, E> {
        Ok(Anything(bytes.len() as u64))
    }

    fn visit_unit<E>(self) -> Result<Anything, E> {
        Ok(Anything(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Anything, A::Error> {
        let mut count = 0_u64;
        while seq.next_element::<Anything>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(Anything(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Anything, A::Error> {
        let mut count = 0_u64;
        while map.next_entry::<Anything, Anything>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(Anything(count))
    }
}
