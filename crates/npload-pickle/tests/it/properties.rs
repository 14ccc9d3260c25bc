//! Whatever the bytes are: an answer or an error, quickly, and nothing worse.

use std::time::{Duration, Instant};

use npload_pickle::{ErrorKind, Limits, Objects, Op, Options, disassemble, fuzz, scan};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::files::corpus;

/// Loads, prints, scans and disassembles.
fn all_of_it(bytes: &[u8]) {
    let started = Instant::now();
    fuzz(bytes);
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?} for {bytes:?}",
        started.elapsed()
    );
}

/// Bytes that are mostly opcodes.
fn opcodes() -> impl Strategy<Value = Vec<u8>> {
    let op = (0..Op::ALL.len()).prop_map(|at| Op::ALL[at].code());
    let small = 0_u8..4;
    vec(
        prop_oneof![6 => op, 3 => small, 1 => any::<u8>(), 1 => Just(b'\n')],
        0..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        all_of_it(&bytes);
    }

    #[test]
    fn any_opcodes(bytes in opcodes()) {
        all_of_it(&bytes);
    }

    /// A machine that got through the bytes has seen what the disassembler sees.
    #[test]
    fn the_disassembler_agrees_on_where_it_ends(bytes in opcodes()) {
        if Objects::load(&bytes).is_ok() {
            let last = disassemble(&bytes).last().unwrap().unwrap();
            prop_assert_eq!(Some(last.offset + 1), scan(&bytes).end);
        }
    }

    #[test]
    fn limits_hold(bytes in opcodes(), max in 0_u64..20) {
        let limits = Limits::new().max_objects(max);
        match Options::new().limits(limits).load(&bytes) {
            // A call may make an object of its own, such as an empty dict, besides.
            Ok(objects) => prop_assert!(objects.len() as u64 <= max * 3),
            Err(err) => prop_assert!(err.kind() != ErrorKind::Builder),
        }
    }
}

#[test]
fn mutated_pickles() {
    let corpus: Vec<_> = corpus()
        .into_iter()
        .filter(|case| case.pickle.len() < 1500)
        .collect();
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    for case in &corpus {
        for _ in 0..20 {
            let mut bytes = case.pickle.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes[at] = Op::ALL[random(Op::ALL.len())].code(),
                    2 => drop(bytes.splice(at..at, [Op::ALL[random(Op::ALL.len())].code()])),
                    _ => {
                        let other = &corpus[random(corpus.len())].pickle;
                        let from = random(other.len());
                        let len = random(20).min(other.len() - from);
                        drop(bytes.splice(at..at, other[from..from + len].iter().copied()));
                    }
                }
            }
            all_of_it(&bytes);
        }
    }
}
