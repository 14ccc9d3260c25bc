//! Whether bytes are a pickle. From protocol 2 on it says so; an older one is told from text by
//! reading its opcodes: few texts are a program for a stack machine.

/// So many opcodes that fit each other are no accident.
const ENOUGH: usize = 4;

/// Whether these are the first bytes of a pickle, or all.
pub(super) fn is_pickle(bytes: &[u8]) -> bool {
    if let [0x80, 2..=5, ..] = bytes {
        return true;
    }
    let mut program = Program::new(bytes);
    loop {
        match program.step() {
            Step::Next => program.steps = program.steps.saturating_add(1),
            Step::Stop => {
                let alone = program.rest.trim_ascii().is_empty();
                return program.steps > 0 && (alone || program.steps >= ENOUGH);
            }
            Step::Cut => return program.steps >= ENOUGH,
            Step::Wrong => return false,
        }
    }
}

enum Step {
    Next,
    /// The pickle ends.
    Stop,
    /// The bytes end first.
    Cut,
    /// No pickle goes on so.
    Wrong,
}

/// A pickle of protocol 0 or 1, of which only the depth of the stack is followed.
struct Program<'a> {
    rest: &'a [u8],
    /// Values on the stack, above each mark.
    stack: Vec<usize>,
    steps: usize,
}

impl<'a> Program<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Program {
            rest,
            stack: vec![0],
            steps: 0,
        }
    }

    /// One opcode. `None` inside: the bytes end in its argument.
    fn step(&mut self) -> Step {
        let Some(opcode) = self.take(1).and_then(|byte| byte.first().copied()) else {
            return Step::Cut;
        };
        if opcode == b'.' {
            let done = self.stack.as_slice() == [1];
            return if done { Step::Stop } else { Step::Wrong };
        }
        match self.run(opcode) {
            Some(true) => Step::Next,
            Some(false) => Step::Wrong,
            None => Step::Cut,
        }
    }

    /// Whether it makes sense; nothing where the bytes end in its argument.
    fn run(&mut self, opcode: u8) -> Option<bool> {
        Some(match opcode {
            b'(' => {
                self.stack.push(0);
                true
            }
            b'N' | b']' | b'}' | b')' => self.change(0, 1),
            b'I' | b'L' => is_integer(self.line()?) && self.change(0, 1),
            b'F' => is_float(self.line()?) && self.change(0, 1),
            b'S' => is_quoted(self.line()?) && self.change(0, 1),
            b'V' | b'P' => {
                self.line()?;
                self.change(0, 1)
            }
            b'c' => is_name(self.line()?) && is_name(self.line()?) && self.change(0, 1),
            b'i' => is_name(self.line()?) && is_name(self.line()?) && self.change_to_mark(0, 1),
            b'g' => is_integer(self.line()?) && self.change(0, 1),
            b'p' => is_integer(self.line()?) && self.change(1, 1),
            b'K' | b'h' => {
                self.take(1)?;
                self.change(0, 1)
            }
            b'M' => {
                self.take(2)?;
                self.change(0, 1)
            }
            b'J' | b'j' => {
                self.take(4)?;
                self.change(0, 1)
            }
            b'G' => {
                self.take(8)?;
                self.change(0, 1)
            }
            b'q' => {
                self.take(1)?;
                self.change(1, 1)
            }
            b'r' => {
                self.take(4)?;
                self.change(1, 1)
            }
            b'U' => {
                self.counted::<1>()?;
                self.change(0, 1)
            }
            b'T' | b'X' => {
                self.counted::<4>()?;
                self.change(0, 1)
            }
            b'0' => self.change(1, 0),
            b'2' => self.change(1, 2),
            b'Q' => self.change(1, 1),
            b'a' | b'b' | b'R' => self.change(2, 1),
            b's' => self.change(3, 1),
            b't' | b'l' | b'd' | b'o' => self.change_to_mark(0, 1),
            b'e' | b'u' => self.change_to_mark(1, 1),
            b'1' => self.change_to_mark(0, 0),
            _ => false,
        })
    }

    /// Takes values from above the mark and puts others there; whether there are so many.
    fn change(&mut self, taken: usize, put: usize) -> bool {
        let Some(top) = self.stack.last_mut() else {
            return false;
        };
        let Some(left) = top.checked_sub(taken) else {
            return false;
        };
        *top = left.saturating_add(put);
        true
    }

    /// Takes all down to the mark, then as [`Program::change`].
    fn change_to_mark(&mut self, taken: usize, put: usize) -> bool {
        self.stack.len() > 1 && self.stack.pop().is_some() && self.change(taken, put)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|&b| b == b'\n')?;
        let line = self.take(end)?;
        self.take(1)?;
        Some(line)
    }

    /// A length of so many bytes, and then as many.
    fn counted<const N: usize>(&mut self) -> Option<&'a [u8]> {
        let length = self.take(N)?;
        let length = length.iter().rev().fold(0_usize, |n, &byte| {
            n.saturating_mul(256).saturating_add(byte.into())
        });
        self.take(length)
    }
}

/// Python 2 ends long ones in `L`.
fn is_integer(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    let digits = digits.strip_suffix(b"L").unwrap_or(digits);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn is_float(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.parse::<f64>().is_ok())
}

fn is_quoted(line: &[u8]) -> bool {
    match line {
        [first @ (b'\'' | b'"'), .., last] => first == last,
        _ => false,
    }
}

/// A module's or a class's name.
fn is_name(line: &[u8]) -> bool {
    let word = |&b: &u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    !line.is_empty() && line.iter().all(word) && !line.first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by Python 3 (the lists PROTOCOL_0 and 1), and as Python 2.7 writes them.
    const PROTOCOL_0: &[&[u8]] = &[
        b"(dp0\nVa\np1\n(lp2\nI1\naF2.5\naNaI01\nasVb\np3\n(I1\nVx\np4\ntp5\ns.",
        b"(lp0\nI1\naI2\naI3\na.",
        b"Vtext\np0\n.",
        b"c_codecs\nencode\np0\n(Vbytes\np1\nVlatin1\np2\ntp3\nRp4\n.",
        b"L1180591620717411303424L\n.",
        b"(t.",
        b"c__builtin__\nset\np0\n((lp1\nI1\naI2\natp2\nRp3\n.",
        b"cnumpy._core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nc_codecs\nencode\np3\n(Vb\np4\nVlatin1\np5\ntp6\nRp7\ntp8\nRp9\n(I1\n(I3\ntp10\ncnumpy\ndtype\np11\n(Vi8\np12\nI00\nI01\ntp13\nRp14\n(I3\nV<\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\ng3\n(V\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\x01\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\x02\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\np17\ng5\ntp18\nRp19\ntp20\nb.",
        b"cnumpy._core.multiarray\nscalar\np0\n(cnumpy\ndtype\np1\n(Vf8\np2\nI00\nI01\ntp3\nRp4\n(I3\nV<\np5\nNNNI-1\nI-1\nI0\ntp6\nbc_codecs\nencode\np7\n(V\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\xf8?\np8\nVlatin1\np9\ntp10\nRp11\ntp12\nRp13\n.",
        b"cdatetime\ndate\np0\n(c_codecs\nencode\np1\n(V\x07\xe4\x01\x01\np2\nVlatin1\np3\ntp4\nRp5\ntp6\nRp7\n.",
        b"N.",
        b"I01\n.",
        b"F1.5\n.",
        b"Finf\n.",
        b"(lp0\n(lp1\na(dp2\na.",
    ];
    const PYTHON_2: &[&[u8]] = &[
        b"(dp0\nS'a'\np1\n(lp2\nI1\naF2.5\naNaI01\nas.",
        b"ccopy_reg\n_reconstructor\np0\n(c__main__\nA\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n.",
        b"(i__main__\nOld\np0\n(dp1\nS'x'\np2\nL7L\nsb.",
        b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n(I1\n(I1\ntp6\ncnumpy\ndtype\np7\n(S'i8'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\np11\nNNNI-1\nI-1\nI0\ntp12\nbI00\nS'\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00'\np13\ntp14\nb.",
    ];
    const PROTOCOL_1: &[&[u8]] = &[
        b"}q\0(X\x01\0\0\0aq\x01]q\x02(K\x01G@\x04\0\0\0\0\0\0NI01\neX\x01\0\0\0bq\x03(K\x01X\x01\0\0\0xq\x04tq\x05u.",
        b"]q\0(K\x01K\x02K\x03e.",
        b"X\x04\0\0\0textq\0.",
        b"c_codecs\nencode\nq\0(X\x05\0\0\0bytesq\x01X\x06\0\0\0latin1q\x02tq\x03Rq\x04.",
        b"L1180591620717411303424L\n.",
        b").",
        b"c__builtin__\nset\nq\0(]q\x01(K\x01K\x02etq\x02Rq\x03.",
        b"cnumpy._core.multiarray\n_reconstruct\nq\0(cnumpy\nndarray\nq\x01(K\0tq\x02c_codecs\nencode\nq\x03(X\x01\0\0\0bq\x04X\x06\0\0\0latin1q\x05tq\x06Rq\x07tq\x08Rq\t(K\x01(K\x03tq\ncnumpy\ndtype\nq\x0b(X\x02\0\0\0i8q\x0cI00\nI01\ntq\rRq\x0e(K\x03X\x01\0\0\0<q\x0fNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tq\x10bI00\nh\x03(X\x18\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0q\x11h\x05tq\x12Rq\x13tq\x14b.",
        b"cnumpy._core.multiarray\nscalar\nq\0(cnumpy\ndtype\nq\x01(X\x02\0\0\0f8q\x02I00\nI01\ntq\x03Rq\x04(K\x03X\x01\0\0\0<q\x05NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tq\x06bc_codecs\nencode\nq\x07(X\t\0\0\0\0\0\0\0\0\0\xc3\xb8?q\x08X\x06\0\0\0latin1q\ttq\nRq\x0btq\x0cRq\r.",
        b"cdatetime\ndate\nq\0(c_codecs\nencode\nq\x01(X\x05\0\0\0\x07\xc3\xa4\x01\x01q\x02X\x06\0\0\0latin1q\x03tq\x04Rq\x05tq\x06Rq\x07.",
        b"N.",
        b"I01\n.",
        b"G?\xf8\0\0\0\0\0\0.",
        b"G\x7f\xf0\0\0\0\0\0\0.",
        b"]q\0(]q\x01}q\x02e.",
    ];

    #[test]
    fn pickles_of_every_protocol_are_recognised() {
        for pickle in [PROTOCOL_0, PYTHON_2, PROTOCOL_1].concat() {
            assert!(is_pickle(pickle), "{}", pickle.escape_ascii());
        }
        assert!(is_pickle(b"\x80\x04\x95"));
    }

    #[test]
    fn pickles_that_are_cut_off_are_still_pickles() {
        let array = PROTOCOL_0
            .iter()
            .find(|pickle| pickle.starts_with(b"cnumpy"));
        let array = array.unwrap();
        for len in 60..array.len() {
            assert!(is_pickle(&array[..len]), "{len}");
        }
    }

    #[test]
    fn pickles_may_follow_each_other() {
        let two = [PROTOCOL_0[0], PROTOCOL_0[0]].concat();
        assert!(is_pickle(&two));
    }

    #[test]
    fn text_is_no_pickle() {
        for text in [
            "Lorem ipsum dolor sit amet.\n",
            "(c) Copyright 2020",
            "(c) Copyright 2020 by nobody.\nAll rights reserved.\n",
            "Items, prices, and sums\n",
            "I am a text.\n.",
            "I\n.",
            "N. America is a continent.",
            "0.5 1.5\n2.5 3.5\n",
            "1.\n2.\n3.\n",
            "(1, 2)\n(3, 4)\n",
            "(d)\n(l)\n.",
            "(.",
            ".",
            "]\n",
            "Some 'quoted' text.",
            "S'quoted'\nand more\n.",
            "Version 1.0\n.\n.\n",
            "V1\nV2\nV3\nV4\nV5\n.",
            "a,b,c\n1,2,3\n",
            "class A:\n    pass\n.",
            "import os\n",
            "cd /tmp\nls\n.\n",
            "{\"a\": 1}",
            "F1.5\nF2.5\n.",
        ] {
            assert!(!is_pickle(text.as_bytes()), "{text}");
        }
    }
}
