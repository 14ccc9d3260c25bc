//! How to read a pickle: what Python's `pickle.loads` takes, and the limits.

use crate::error::{Error, ErrorKind, Result};

/// The encoding of Python 2's 8-bit strings; Python's `encoding=`.
///
/// ```
/// use npload_pickle::Encoding;
/// assert_eq!(Encoding::parse("latin1")?, Encoding::Latin1);
/// assert!(Encoding::parse("utf-8").is_err());      // NumPy's rule
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// ASCII to text; other bytes are an error.
    #[default]
    Ascii,
    /// Each byte is the character with its number. What NumPy's data of Python 2 needs.
    Latin1,
    /// They stay bytes.
    Bytes,
}

impl Encoding {
    /// The encoding that Python calls so: `"ASCII"`, `"latin1"` or `"bytes"`.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] for every other name: NumPy takes no other.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "ASCII" => Ok(Encoding::Ascii),
            "latin1" => Ok(Encoding::Latin1),
            "bytes" => Ok(Encoding::Bytes),
            _ => Err(Error::new(
                ErrorKind::Argument,
                format!("encoding must be 'ASCII', 'latin1', or 'bytes', not {name:?}"),
            )),
        }
    }
}

/// What a pickle may cost. All can be raised; the defaults let pass what CPython writes.
///
/// Memory follows the input in any case: a length that the input cannot fill is an error before
/// anything is allocated.
///
/// ```
/// use npload_pickle::{ErrorKind, Limits, Objects, Options};
/// let limits = Limits::new().max_nesting(2);
/// let err = Options::new().limits(limits).load(&b"]]]aa."[..]).unwrap_err();
/// assert_eq!(err.kind(), ErrorKind::Limit);
/// assert!(err.message().contains("max_nesting"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Opcodes that are run: 2³².
    pub max_opcodes: u64,
    /// Objects that are made: 2²⁸.
    pub max_objects: u64,
    /// Memo entries: 2²⁸.
    pub max_memo: u64,
    /// How deep values nest, and how many MARKs are open: 10,000. CPython 3.13 writes lists up to
    /// 4999 deep and tuples up to 9999, older ones less.
    /// A container that is put into another and then grows counts there as it was when it was put.
    pub max_nesting: u32,
    /// How deep values nest in pickles with types that Python cannot drop without recursion (arrays of
    /// objects, defaultdicts, deques, dtypes): 500, for which a stack of 512 KiB has room (NumPy takes
    /// 1.7 KB for an array in an array). All growth of containers that others hold already counts
    /// together.
    pub max_recursion: u32,
    /// Decimal digits of an int: 100,000. Reading and writing them takes quadratic time.
    pub max_digits: u64,
    /// Bytes of texts, bytes and ints, together: 2⁴⁰.
    pub max_bytes: u64,
    /// Items and bytes that typed values copy, beyond 16 for each byte of the input: 2²⁰.
    pub max_extra_work: u64,
    /// Steps of hashing what keys are made of, as often as it is hashed, beyond 256 for each byte of the
    /// input: 2²⁸. For builders whose language hashes a tuple anew for each dict that it is put into;
    /// tuples that share tuples a billion times meet it. [`Objects`](crate::Objects) take no such steps.
    pub max_extra_hashing: u64,
}

impl Limits {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_opcodes(mut self, max: u64) -> Self {
        self.max_opcodes = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_objects(mut self, max: u64) -> Self {
        self.max_objects = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_memo(mut self, max: u64) -> Self {
        self.max_memo = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_nesting(mut self, max: u32) -> Self {
        self.max_nesting = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_recursion(mut self, max: u32) -> Self {
        self.max_recursion = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_digits(mut self, max: u64) -> Self {
        self.max_digits = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_extra_work(mut self, max: u64) -> Self {
        self.max_extra_work = max;
        self
    }

    /// The field of this name, so much.
    #[must_use]
    pub fn max_extra_hashing(mut self, max: u64) -> Self {
        self.max_extra_hashing = max;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_opcodes: 1 << 32,
            max_objects: 1 << 28,
            max_memo: 1 << 28,
            max_nesting: 10_000,
            max_recursion: 500,
            max_digits: 100_000,
            max_bytes: 1 << 40,
            max_extra_work: 1 << 20,
            max_extra_hashing: 1 << 28,
        }
    }
}

/// What is left of the work that a pickle may cost.
#[derive(Debug)]
pub(crate) struct Work {
    copying: Budget,
    hashing: Budget,
    /// Whether something was made that Python drops by recursion, however deep it is.
    pub(crate) is_brittle: bool,
}

#[derive(Debug)]
struct Budget {
    left: u64,
    all: u64,
}

impl Budget {
    fn new(input: usize, for_each_byte: u64, more: u64) -> Self {
        let all = (input as u64).saturating_mul(for_each_byte);
        let all = all.saturating_add(more);
        Budget { left: all, all }
    }

    #[inline]
    fn charge(&mut self, work: u64, name: &str, what: &str) -> Result<()> {
        match self.left.checked_sub(work) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Limits::exceeded(name, self.all, what)),
        }
    }
}

impl Work {
    pub(crate) fn new(input: usize, limits: &Limits) -> Self {
        Work {
            copying: Budget::new(input, 16, limits.max_extra_work),
            hashing: Budget::new(input, 256, limits.max_extra_hashing),
            is_brittle: false,
        }
    }

    /// Takes so many items and bytes that are copied.
    pub(crate) fn charge(&mut self, copied: u64) -> Result<()> {
        let what = "steps of copying";
        self.copying.charge(copied, "max_extra_work", what)
    }

    /// Takes so many steps of hashing.
    #[inline]
    pub(crate) fn charge_hashing(&mut self, steps: u64) -> Result<()> {
        let what = "steps of hashing";
        self.hashing.charge(steps, "max_extra_hashing", what)
    }
}

impl Limits {
    /// The error that says which limit was met, its value, and that it can be raised.
    #[cold]
    pub(crate) fn exceeded(name: &str, limit: u64, what: &str) -> Error {
        Error::new(
            ErrorKind::Limit,
            format!("more than {limit} {what}; raise {name} if the file is trusted"),
        )
    }
}

/// How to read a pickle: `pickle.loads`' keywords, and [`Limits`].
///
/// ```
/// use npload_pickle::{Encoding, Object, Options};
/// let objects = Options::new().encoding(Encoding::Latin1).load(&b"U\x01\xe9."[..])?;
/// assert_eq!(objects.to_string(), "'é'");
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) encoding: Encoding,
    pub(crate) fix_imports: bool,
    pub(crate) limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            encoding: Encoding::Ascii,
            fix_imports: true,
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// `pickle.loads`' defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How Python 2's 8-bit strings are read. Default: ASCII.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Whether Python 2's names of modules become Python 3's, in protocols below 3. Default: yes.
    #[must_use]
    pub fn fix_imports(mut self, yes: bool) -> Self {
        self.fix_imports = yes;
        self
    }

    /// What the pickle may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
