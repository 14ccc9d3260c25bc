//! The one table of opcodes. The machine, the disassembler and their tests all read it.
//!
//! Source: CPython's `pickletools.opcodes`; names, codes, argument kinds and protocols are its.

/// How an opcode's argument is written: `pickletools`' argument descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// No argument.
    Nothing,
    /// One byte.
    UInt1,
    /// Two bytes, little-endian.
    UInt2,
    /// Four bytes, little-endian, signed.
    Int4,
    /// Four bytes, little-endian.
    UInt4,
    /// Eight bytes, little-endian.
    UInt8,
    /// A decimal number in a line; `00` and `01` are bools.
    DecimalLine,
    /// A decimal number of any length in a line, `L` at its end or not.
    LongLine,
    /// A float in a line.
    FloatLine,
    /// Eight bytes, big-endian.
    Float8,
    /// A Python 2 string literal in a line.
    QuotedLine,
    /// A line as it is.
    Line,
    /// Two lines: a module and a name.
    LinePair,
    /// A raw-unicode-escape line.
    UnicodeLine,
    /// A byte count of one byte, then a little-endian two's complement number.
    Long1,
    /// A signed byte count of four bytes, then a little-endian two's complement number.
    Long4,
    /// A Python 2 string with a count of one byte.
    String1,
    /// A Python 2 string with a signed count of four bytes.
    String4,
    /// Bytes with a count of one byte.
    Bytes1,
    /// Bytes with a count of four bytes.
    Bytes4,
    /// Bytes with a count of eight bytes.
    Bytes8,
    /// A bytearray with a count of eight bytes.
    ByteArray8,
    /// UTF-8 with a count of one byte.
    Unicode1,
    /// UTF-8 with a count of four bytes.
    Unicode4,
    /// UTF-8 with a count of eight bytes.
    Unicode8,
}

/// How much an argument takes: what has to be known to step over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many bytes.
    Fixed(usize),
    /// So many lines.
    Lines(usize),
    /// A count of so many bytes, little-endian, and as many bytes as it says.
    Counted(usize),
}

impl Argument {
    pub(crate) fn length(self) -> Length {
        match self {
            Argument::Nothing => Length::Fixed(0),
            Argument::UInt1 => Length::Fixed(1),
            Argument::UInt2 => Length::Fixed(2),
            Argument::Int4 | Argument::UInt4 => Length::Fixed(4),
            Argument::UInt8 | Argument::Float8 => Length::Fixed(8),
            Argument::DecimalLine
            | Argument::LongLine
            | Argument::FloatLine
            | Argument::QuotedLine
            | Argument::Line
            | Argument::UnicodeLine => Length::Lines(1),
            Argument::LinePair => Length::Lines(2),
            Argument::Long1 | Argument::String1 | Argument::Bytes1 | Argument::Unicode1 => {
                Length::Counted(1)
            }
            Argument::Long4 | Argument::String4 | Argument::Bytes4 | Argument::Unicode4 => {
                Length::Counted(4)
            }
            Argument::Bytes8 | Argument::ByteArray8 | Argument::Unicode8 => Length::Counted(8),
        }
    }
}

macro_rules! opcodes {
    ($($op:ident $code:literal $name:literal $argument:ident $protocol:literal,)*) => {
        /// An opcode, as `pickletools` lists it; the discriminant is its byte.
        ///
        /// ```
        /// use npload_pickle::Op;
        /// let op = Op::from_code(b'R').unwrap();
        /// assert_eq!((op, op.name(), op.protocol()), (Op::Reduce, "REDUCE", 0));
        /// assert_eq!(Op::ALL.len(), 68);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names are the documentation: pickletools describes them")]
        pub enum Op {
            $($op = $code,)*
        }

        impl Op {
            /// All of them, in `pickletools`' order.
            pub const ALL: &'static [Op] = &[$(Op::$op,)*];

            /// The opcode with that byte.
            #[inline]
            #[must_use]
            pub fn from_code(code: u8) -> Option<Op> {
                match code {
                    $($code => Some(Op::$op),)*
                    _ => None,
                }
            }

            /// Its name in capitals: `"REDUCE"`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Op::$op => $name,)* }
            }

            /// How its argument is written.
            #[must_use]
            pub fn argument(self) -> Argument {
                match self { $(Op::$op => Argument::$argument,)* }
            }

            /// The protocol that brought it.
            #[must_use]
            pub fn protocol(self) -> u8 {
                match self { $(Op::$op => $protocol,)* }
            }
        }
    };
}

opcodes! {
    Int b'I' "INT" DecimalLine 0,
    Binint b'J' "BININT" Int4 1,
    Binint1 b'K' "BININT1" UInt1 1,
    Binint2 b'M' "BININT2" UInt2 1,
    Long b'L' "LONG" LongLine 0,
    Long1 0x8a "LONG1" Long1 2,
    Long4 0x8b "LONG4" Long4 2,
    String b'S' "STRING" QuotedLine 0,
    Binstring b'T' "BINSTRING" String4 1,
    ShortBinstring b'U' "SHORT_BINSTRING" String1 1,
    Binbytes b'B' "BINBYTES" Bytes4 3,
    ShortBinbytes b'C' "SHORT_BINBYTES" Bytes1 3,
    Binbytes8 0x8e "BINBYTES8" Bytes8 4,
    Bytearray8 0x96 "BYTEARRAY8" ByteArray8 5,
    NextBuffer 0x97 "NEXT_BUFFER" Nothing 5,
    ReadonlyBuffer 0x98 "READONLY_BUFFER" Nothing 5,
    None b'N' "NONE" Nothing 0,
    Newtrue 0x88 "NEWTRUE" Nothing 2,
    Newfalse 0x89 "NEWFALSE" Nothing 2,
    Unicode b'V' "UNICODE" UnicodeLine 0,
    ShortBinunicode 0x8c "SHORT_BINUNICODE" Unicode1 4,
    Binunicode b'X' "BINUNICODE" Unicode4 1,
    Binunicode8 0x8d "BINUNICODE8" Unicode8 4,
    Float b'F' "FLOAT" FloatLine 0,
    Binfloat b'G' "BINFLOAT" Float8 1,
    EmptyList b']' "EMPTY_LIST" Nothing 1,
    Append b'a' "APPEND" Nothing 0,
    Appends b'e' "APPENDS" Nothing 1,
    List b'l' "LIST" Nothing 0,
    EmptyTuple b')' "EMPTY_TUPLE" Nothing 1,
    Tuple b't' "TUPLE" Nothing 0,
    Tuple1 0x85 "TUPLE1" Nothing 2,
    Tuple2 0x86 "TUPLE2" Nothing 2,
    Tuple3 0x87 "TUPLE3" Nothing 2,
    EmptyDict b'}' "EMPTY_DICT" Nothing 1,
    Dict b'd' "DICT" Nothing 0,
    Setitem b's' "SETITEM" Nothing 0,
    Setitems b'u' "SETITEMS" Nothing 1,
    EmptySet 0x8f "EMPTY_SET" Nothing 4,
    Additems 0x90 "ADDITEMS" Nothing 4,
    Frozenset 0x91 "FROZENSET" Nothing 4,
    Pop b'0' "POP" Nothing 0,
    Dup b'2' "DUP" Nothing 0,
    Mark b'(' "MARK" Nothing 0,
    PopMark b'1' "POP_MARK" Nothing 1,
    Get b'g' "GET" DecimalLine 0,
    Binget b'h' "BINGET" UInt1 1,
    LongBinget b'j' "LONG_BINGET" UInt4 1,
    Put b'p' "PUT" DecimalLine 0,
    Binput b'q' "BINPUT" UInt1 1,
    LongBinput b'r' "LONG_BINPUT" UInt4 1,
    Memoize 0x94 "MEMOIZE" Nothing 4,
    Ext1 0x82 "EXT1" UInt1 2,
    Ext2 0x83 "EXT2" UInt2 2,
    Ext4 0x84 "EXT4" Int4 2,
    Global b'c' "GLOBAL" LinePair 0,
    StackGlobal 0x93 "STACK_GLOBAL" Nothing 4,
    Reduce b'R' "REDUCE" Nothing 0,
    Build b'b' "BUILD" Nothing 0,
    Inst b'i' "INST" LinePair 0,
    Obj b'o' "OBJ" Nothing 1,
    Newobj 0x81 "NEWOBJ" Nothing 2,
    NewobjEx 0x92 "NEWOBJ_EX" Nothing 4,
    Proto 0x80 "PROTO" UInt1 2,
    Stop b'.' "STOP" Nothing 0,
    Frame 0x95 "FRAME" UInt8 4,
    Persid b'P' "PERSID" Line 0,
    Binpersid b'Q' "BINPERSID" Nothing 1,
}

impl Op {
    /// Its byte.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Whether it takes the last MARK and all above it.
    pub(crate) fn takes_mark(self) -> bool {
        matches!(
            self,
            Op::PopMark
                | Op::Tuple
                | Op::List
                | Op::Dict
                | Op::Frozenset
                | Op::Appends
                | Op::Setitems
                | Op::Additems
                | Op::Inst
                | Op::Obj
        )
    }

    /// How many values it takes, those above a MARK not counted, and how many it leaves for them.
    pub(crate) fn effect(self) -> (usize, usize) {
        match self {
            Op::Proto
            | Op::Frame
            | Op::Mark
            | Op::PopMark
            | Op::Put
            | Op::Binput
            | Op::LongBinput
            | Op::Memoize => (0, 0),
            Op::Pop | Op::Stop => (1, 0),
            Op::Dup => (1, 2),
            Op::Tuple1
            | Op::Appends
            | Op::Setitems
            | Op::Additems
            | Op::Binpersid
            | Op::ReadonlyBuffer => (1, 1),
            Op::Tuple2 | Op::Append | Op::StackGlobal | Op::Reduce | Op::Newobj | Op::Build => {
                (2, 1)
            }
            Op::Tuple3 | Op::Setitem | Op::NewobjEx => (3, 1),
            _ => (0, 1),
        }
    }
}
