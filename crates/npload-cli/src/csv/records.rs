//! The records of a csv file, one by one.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// The most bytes of one record. A quote that is never closed would take the file into memory.
const MAX_RECORD: usize = 64 << 20;

const BUFFER: usize = 256 << 10;

/// One record: its cells, without their quotes.
#[derive(Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The line that it begins in, from 1.
    pub(super) line: u64,
}

/// Why a file's records cannot be read.
#[derive(Debug)]
pub(super) enum Malformed {
    Io(io::Error),
    /// In this line.
    Line(u64, String),
}

pub(super) struct Records<R> {
    input: BufReader<R>,
    delimiter: u8,
    line: u64,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, &end)| self.bytes.get(start..end).unwrap_or_default())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// Where in a record the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote that ends the cell, unless another follows.
    Quote,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Records {
            input: BufReader::with_capacity(BUFFER, input),
            delimiter,
            line: 0,
        }
    }

    /// Reads the next record; false at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Malformed> {
        if self.line == 0 {
            self.line = 1;
            self.skip_mark()?;
        }
        record.clear();
        record.line = self.line;
        let mut place = Place::CellStart;
        let mut ended = false;
        while !ended {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => return Err(Malformed::Io(err)),
            };
            if bytes.is_empty() {
                return self.finish(place, record);
            }
            let mut used = 0_usize;
            for &byte in bytes {
                used = used.saturating_add(1);
                let newline = byte == b'\n';
                if newline {
                    self.line = self.line.saturating_add(1);
                }
                place = match (place, byte) {
                    (Place::Quoted, b'"') => Place::Quote,
                    (Place::Quoted, _) => {
                        record.bytes.push(byte);
                        Place::Quoted
                    }
                    (Place::CellStart, b'"') => Place::Quoted,
                    (Place::Quote, b'"') => {
                        record.bytes.push(b'"');
                        Place::Quoted
                    }
                    (_, _) if newline => {
                        let first = record.ends.last().copied().unwrap_or(0);
                        let cell = record.bytes.get(first..).unwrap_or_default();
                        if place != Place::Quote && cell.ends_with(b"\r") {
                            record.bytes.pop();
                        }
                        let nothing = record.ends.is_empty() && record.bytes.is_empty();
                        if nothing && place != Place::Quote {
                            record.line = self.line;
                            Place::CellStart
                        } else {
                            record.end_cell();
                            ended = true;
                            break;
                        }
                    }
                    (_, _) if byte == self.delimiter => {
                        record.end_cell();
                        Place::CellStart
                    }
                    // The first half of a line's end.
                    (Place::Quote, b'\r') => Place::Quote,
                    (Place::Quote, _) => {
                        let what = format!(
                            "{:?} follows the quote that ends a cell; inside of one, quotes are doubled",
                            char::from(byte)
                        );
                        return Err(Malformed::Line(self.line, what));
                    }
                    (_, _) => {
                        record.bytes.push(byte);
                        Place::Plain
                    }
                };
            }
            self.input.consume(used);
            if record.bytes.len() > MAX_RECORD || record.ends.len() > MAX_RECORD / 8 {
                let what = format!(
                    "a record of more than {MAX_RECORD} bytes; a quote before it was probably never closed"
                );
                return Err(Malformed::Line(record.line, what));
            }
        }
        Ok(true)
    }

    /// The input's end ends a record, too.
    fn finish(&self, place: Place, record: &mut Record) -> Result<bool, Malformed> {
        if place == Place::Quoted {
            let what = "the file ends inside of a quoted cell that begins here or later";
            return Err(Malformed::Line(record.line, what.to_owned()));
        }
        let nothing = record.ends.is_empty() && record.bytes.is_empty();
        if nothing && place != Place::Quote {
            return Ok(false);
        }
        record.end_cell();
        Ok(true)
    }

    /// The mark with which some programs begin a file in UTF-8.
    fn skip_mark(&mut self) -> Result<(), Malformed> {
        let bytes = self.input.fill_buf().map_err(Malformed::Io)?;
        if bytes.starts_with(b"\xef\xbb\xbf") {
            self.input.consume(3);
        }
        Ok(())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Io(err) => err.fmt(f),
            Malformed::Line(line, what) => write!(f, "line {line}: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], delimiter: u8) -> Result<Vec<Vec<Vec<u8>>>, String> {
        let mut records = Records::new(text, delimiter);
        let (mut record, mut all) = (Record::default(), Vec::new());
        while records.next(&mut record).map_err(|err| err.to_string())? {
            all.push(record.cells().map(<[u8]>::to_vec).collect());
        }
        Ok(all)
    }

    fn cells(text: &str) -> Vec<String> {
        let all = read(text.as_bytes(), b',').unwrap();
        let joined = |record: Vec<Vec<u8>>| {
            let texts = record
                .into_iter()
                .map(|cell| String::from_utf8(cell).unwrap());
            texts.collect::<Vec<_>>().join("|")
        };
        all.into_iter().map(joined).collect()
    }

    #[test]
    fn cells_and_records_end_where_they_do() {
        assert_eq!(cells("a,b\n1,2\n"), ["a|b", "1|2"]);
        assert_eq!(cells("a,b\r\n1,2"), ["a|b", "1|2"]);
        assert_eq!(cells("\u{feff}a\n\n\r\n,\n\"\"\n"), ["a", "|", ""]);
        assert_eq!(cells("\"x, \"\"y\"\"\nz\",w\r\n"), ["x, \"y\"\nz|w"]);
        assert_eq!(cells("a\"b,\"c\"\r\n"), ["a\"b|c"]);
        assert_eq!(cells(""), [""; 0]);
        assert_eq!(cells("\"\""), [""]);
        assert_eq!(cells("a,"), ["a|"]);
    }

    #[test]
    fn malformed_records_name_their_line() {
        let err = read(b"a\n\"b\"c\n", b',').unwrap_err();
        assert!(err.starts_with("line 2: 'c' follows the quote"), "{err}");
        let err = read(b"a\n\n\"b\nc", b',').unwrap_err();
        assert!(err.starts_with("line 3: the file ends inside"), "{err}");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(
            records in prop::collection::vec(prop::collection::vec("[a,\"\r\n;]{0,4}", 1..4), 1..5),
        ) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let line = |record: &Vec<String>| record.iter().map(quoted).collect::<Vec<_>>().join(";");
            let text = records.iter().map(line).collect::<Vec<_>>().join("\r\n");
            let bytes = |cell: &String| cell.clone().into_bytes();
            let expected: Vec<Vec<Vec<u8>>> =
                records.iter().map(|record| record.iter().map(bytes).collect()).collect();
            prop_assert_eq!(read(text.as_bytes(), b';').unwrap(), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, b',');
        }
    }
}
