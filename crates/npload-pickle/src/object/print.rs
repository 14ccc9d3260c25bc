//! Objects as text: Python's `repr` where there is one, bounded, without recursion.

mod limited;
mod literal;

use std::fmt::{self, Write};

use super::node::{Id, Reduced};
use super::{Object, ObjectRef, Objects};
pub(crate) use literal::float;
pub(crate) use literal::uuid;
use literal::{complex, day, time, timedelta};

use crate::data::{Contents, Data, TimeDelta};
use crate::dtype::shape_text;
use crate::text::{Text, write_bytes};

/// How much of objects is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrintOptions {
    /// Objects in all; `...` stands for the rest. Default 1000.
    pub max_objects: usize,
    /// How deep they nest. Default 50.
    pub max_depth: usize,
    /// Bytes of a text, of bytes, or digits of an int. Default 1000.
    pub max_bytes: usize,
    /// Bytes in all, of which one object more may be written; `...` stands for the rest. Default 2²⁰.
    pub max_length: usize,
}

impl PrintOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many objects in all.
    #[must_use]
    pub fn max_objects(mut self, max: usize) -> Self {
        self.max_objects = max;
        self
    }

    /// So deep.
    #[must_use]
    pub fn max_depth(mut self, max: usize) -> Self {
        self.max_depth = max;
        self
    }

    /// So many bytes of a text, of bytes, or digits of an int.
    #[must_use]
    pub fn max_bytes(mut self, max: usize) -> Self {
        self.max_bytes = max;
        self
    }
}

impl Default for PrintOptions {
    fn default() -> Self {
        PrintOptions {
            max_objects: 1000,
            max_depth: 50,
            max_bytes: 1000,
            max_length: 1 << 20,
        }
    }
}

/// The root, within the default [`PrintOptions`].
impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(self.root(), &PrintOptions::default()))
    }
}

impl Objects {
    /// An object as Python's `repr` writes it, as far as the options allow; calls that were not
    /// run are written as the calls that they are. An object inside itself is `...`.
    #[must_use]
    pub fn print(&self, id: Id, options: &PrintOptions) -> String {
        self.print_with(id, options, &|_| None)
    }

    /// The same, where somebody else may write what is NumPy's: arrays, scalars and dtypes.
    #[must_use]
    pub fn print_with(
        &self,
        id: Id,
        options: &PrintOptions,
        numpy: &dyn Fn(ObjectRef<'_>) -> Option<String>,
    ) -> String {
        let mut printer = Printer {
            objects: self,
            options,
            numpy,
            out: String::new(),
            todo: vec![Step::Object(id)],
            open: Vec::new(),
            left: options.max_objects,
        };
        // Writing to a string cannot fail.
        let _ = printer.run();
        printer.out
    }
}

enum Step<'a> {
    Object(Id),
    Say(&'static str),
    Write(String),
    /// The rest of a sequence.
    Items(&'a [Id], bool),
    Pairs(&'a [(Id, Id)], bool),
    /// The rest of the states of a call's result.
    States(&'a [Id]),
    /// An object is complete.
    Close,
}

struct Printer<'a> {
    objects: &'a Objects,
    options: &'a PrintOptions,
    numpy: &'a dyn Fn(ObjectRef<'_>) -> Option<String>,
    out: String,
    todo: Vec<Step<'a>>,
    /// The objects that are being printed, outermost first.
    open: Vec<Id>,
    left: usize,
}

impl<'a> Printer<'a> {
    fn run(&mut self) -> fmt::Result {
        while let Some(step) = self.todo.pop() {
            if self.out.len() >= self.options.max_length {
                self.out.push_str("...");
                break;
            }
            match step {
                Step::Say(text) => self.out.push_str(text),
                Step::Write(text) => self.out.push_str(&text),
                Step::Close => {
                    self.open.pop();
                }
                Step::Items(items, first) => {
                    if let Some((&item, rest)) = items.split_first()
                        && self.comma(first)
                    {
                        self.todo.push(Step::Items(rest, false));
                        self.todo.push(Step::Object(item));
                    }
                }
                Step::Pairs(pairs, first) => {
                    if let Some((&(key, value), rest)) = pairs.split_first()
                        && self.comma(first)
                    {
                        self.todo.push(Step::Pairs(rest, false));
                        self.todo.push(Step::Object(value));
                        self.todo.push(Step::Say(": "));
                        self.todo.push(Step::Object(key));
                    }
                }
                Step::States(states) => {
                    if let Some((&state, rest)) = states.split_first() {
                        if self.left == 0 {
                            self.out.push_str("...");
                            continue;
                        }
                        let call = Step::Say(".__setstate__(");
                        self.then([
                            call,
                            Step::Object(state),
                            Step::Say(")"),
                            Step::States(rest),
                        ]);
                    }
                }
                Step::Object(id) => self.object(id)?,
            }
        }
        Ok(())
    }

    /// A comma, if it is not the first; whether there is room for another object.
    fn comma(&mut self, first: bool) -> bool {
        if !first {
            self.out.push_str(", ");
        }
        if self.left == 0 {
            self.out.push_str("...");
        }
        self.left > 0
    }

    /// Steps to come, the first first.
    fn then(&mut self, steps: impl IntoIterator<Item = Step<'a>, IntoIter: DoubleEndedIterator>) {
        self.todo.extend(steps.into_iter().rev());
    }

    fn object(&mut self, id: Id) -> fmt::Result {
        if self.left == 0 || self.open.len() >= self.options.max_depth || self.open.contains(&id) {
            self.out.push_str("...");
            return Ok(());
        }
        self.left = self.left.saturating_sub(1);
        self.open.push(id);
        self.todo.push(Step::Close);
        use Step::{Items, Pairs, Say};
        match self.objects.get(id) {
            Object::None => self.out.push_str("None"),
            Object::Bool(true) => self.out.push_str("True"),
            Object::Bool(false) => self.out.push_str("False"),
            Object::Int(value) => write!(self.out, "{value}")?,
            Object::BigInt(value) => {
                // The digits of large numbers take quadratic time.
                match value.bits() / 3 > self.options.max_bytes as u64 {
                    true => write!(self.out, "<int of {} bits>", value.bits())?,
                    false => write!(self.out, "{value}")?,
                }
            }
            Object::Float(value) => self.out.push_str(&float(value)),
            Object::Text(text) => self.text(text)?,
            Object::Bytes(bytes) => self.bytes(bytes)?,
            Object::ByteArray(bytes) => {
                self.out.push_str("bytearray(");
                self.bytes(bytes)?;
                self.out.push(')');
            }
            Object::List(items) => self.then([Say("["), Items(items, true), Say("]")]),
            Object::Tuple(items @ [_]) => self.then([Say("("), Items(items, true), Say(",)")]),
            Object::Tuple(items) => self.then([Say("("), Items(items, true), Say(")")]),
            Object::Dict(pairs) => self.then([Say("{"), Pairs(pairs, true), Say("}")]),
            Object::Set([]) => self.out.push_str("set()"),
            Object::Set(items) => self.then([Say("{"), Items(items, true), Say("}")]),
            Object::FrozenSet([]) => self.out.push_str("frozenset()"),
            Object::FrozenSet(items) => {
                self.then([Say("frozenset({"), Items(items, true), Say("})")]);
            }
            Object::OrderedDict(pairs) => {
                self.then([Say("OrderedDict({"), Pairs(pairs, true), Say("})")]);
            }
            Object::Counter(pairs) => {
                self.then([Say("Counter({"), Pairs(pairs, true), Say("})")]);
            }
            Object::DefaultDict(factory, pairs) => self.then([
                Say("defaultdict("),
                Step::Object(factory),
                Say(", {"),
                Pairs(pairs, true),
                Say("})"),
            ]),
            Object::Deque(items, max) => {
                let end = max.map_or("])".to_owned(), |max| format!("], maxlen={max})"));
                self.then([Say("deque(["), Items(items, true), Step::Write(end)]);
            }
            Object::Data(data) => {
                let numpy = matches!(data, Data::DType(..) | Data::Scalar(..) | Data::Array(_));
                match Some(self.objects.object(id))
                    .filter(|_| numpy)
                    .and_then(self.numpy)
                {
                    Some(text) => self.out.push_str(&text),
                    None => self.data(data)?,
                }
            }
            Object::Global(global) => {
                let module = match global.module.as_str() {
                    "builtins" => "",
                    module => module,
                };
                let dot = if module.is_empty() { "" } else { "." };
                // Escaped: a terminal would obey.
                let name = global.name.escape_debug();
                let name = self.short(format_args!("{}{dot}{name}", module.escape_debug()));
                self.out.push_str(&name);
            }
            Object::Reduced(reduced) => self.reduced(reduced),
            Object::Incomplete(class) => {
                self.then([Say("<incomplete "), Step::Object(class), Say(">")])
            }
            Object::Extension(code) => write!(self.out, "<extension code {code}>")?,
            Object::Persistent(id) => {
                self.then([Say("<persistent id "), Step::Object(id), Say(">")]);
            }
        }
        Ok(())
    }

    /// A text, no longer than texts may be.
    fn short(&self, text: impl fmt::Display) -> String {
        limited::print(text, self.options.max_bytes)
    }

    fn text(&mut self, text: Text<'_>) -> fmt::Result {
        let max = self.options.max_bytes;
        let bytes = text.as_bytes();
        if bytes.len() <= max {
            return write!(self.out, "{text}");
        }
        // To the start of the next character.
        let end = (max..bytes.len())
            .find(|&at| bytes.get(at).is_none_or(|byte| byte & 0xc0 != 0x80))
            .unwrap_or(bytes.len());
        let start = Text::trusted(bytes.get(..end).unwrap_or_default());
        write!(self.out, "{start}... ({} bytes)", bytes.len())
    }

    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        match bytes.get(..self.options.max_bytes) {
            Some(start) if start.len() < bytes.len() => {
                write_bytes(&mut self.out, start)?;
                write!(self.out, "... ({} bytes)", bytes.len())
            }
            _ => write_bytes(&mut self.out, bytes),
        }
    }

    fn reduced(&mut self, reduced: &'a Reduced) {
        use Step::{Items, Object, Pairs, Say};
        let mut steps = vec![Object(reduced.callable), Say("(")];
        let mut has_args = false;
        match self.objects.get(reduced.args) {
            super::Object::Tuple(args) => {
                has_args = !args.is_empty();
                steps.push(Items(args, true));
            }
            _ => steps.push(Object(reduced.args)),
        }
        if let Some(kwargs) = reduced.kwargs {
            steps.extend([Say(if has_args { ", **" } else { "**" }), Object(kwargs)]);
        }
        steps.push(Say(")"));
        if !reduced.items.is_empty() {
            steps.extend([Say(".extend(["), Items(&reduced.items, true), Say("])")]);
        }
        if !reduced.pairs.is_empty() {
            steps.extend([Say(".update({"), Pairs(&reduced.pairs, true), Say("})")]);
        }
        steps.push(Step::States(&reduced.states));
        self.then(steps);
    }

    fn data(&mut self, data: &'a Data<Id>) -> fmt::Result {
        use Step::{Object, Say, Write};
        match data {
            Data::Complex(real, imaginary) => self.out.push_str(&complex(*real, *imaginary)),
            Data::Range(start, stop, step) => match self.objects.get(*step) {
                super::Object::Int(1) => self.then([
                    Say("range("),
                    Object(*start),
                    Say(", "),
                    Object(*stop),
                    Say(")"),
                ]),
                _ => self.call("range", [*start, *stop, *step]),
            },
            Data::Slice(start, stop, step) => {
                self.call("slice", [*start, *stop, *step]);
            }
            Data::Date(date) => write!(self.out, "datetime.date({})", day(*date))?,
            Data::Time(at, zone) => {
                let text = format!("datetime.time({}", time(*at));
                self.zoned(text, *zone, at.fold);
            }
            Data::DateTime(date, at, zone) => {
                let text = format!("datetime.datetime({}, {}", day(*date), time(*at));
                self.zoned(text, *zone, at.fold);
            }
            Data::TimeDelta(delta) => self.out.push_str(&timedelta(*delta)),
            Data::TimeZone(delta, None) if *delta == TimeDelta::default() => {
                self.out.push_str("datetime.timezone.utc");
            }
            Data::TimeZone(delta, name) => {
                let mut steps = vec![Write(format!("datetime.timezone({}", timedelta(*delta)))];
                if let Some(name) = name {
                    steps.extend([Say(", "), Object(*name)]);
                }
                steps.push(Say(")"));
                self.then(steps);
            }
            Data::Decimal(text) => {
                let text = self.short(text);
                write!(self.out, "Decimal('{text}')")?;
            }
            Data::Fraction(numerator, denominator) => {
                write!(self.out, "Fraction({numerator}, {denominator})")?;
            }
            Data::Uuid(int, _) => {
                write!(self.out, "UUID('{}')", uuid(*int))?;
            }
            Data::DType(dtype, _) => {
                let dtype = self.short(dtype);
                write!(self.out, "dtype({dtype})")?;
            }
            Data::Scalar(dtype, bytes) => {
                let start = format!("scalar({}, ", self.short(dtype));
                self.then([Write(start), Object(*bytes), Say(")")]);
            }
            Data::Array(array) => {
                let (shape, dtype) = (shape_text(&array.shape), self.short(&array.dtype));
                match array.contents {
                    Contents::Bytes(_) => write!(self.out, "<array {shape} of {dtype}>")?,
                    Contents::Objects(list) => self.then([
                        Write(format!("<array {shape} of {dtype}: ")),
                        Object(list),
                        Say(">"),
                    ]),
                }
            }
            // Never in a node of data.
            _ => self.out.push_str("<object>"),
        }
        Ok(())
    }

    fn call(&mut self, name: &'static str, [a, b, c]: [Id; 3]) {
        use Step::{Object, Say};
        let steps = [
            Say(name),
            Say("("),
            Object(a),
            Say(", "),
            Object(b),
            Say(", "),
            Object(c),
        ];
        self.todo.push(Say(")"));
        self.then(steps);
    }

    /// The end of a time: its fold and zone.
    fn zoned(&mut self, mut text: String, zone: Option<Id>, fold: bool) {
        if fold {
            text.push_str(", fold=1");
        }
        match zone {
            None => self.then([Step::Write(text), Step::Say(")")]),
            Some(zone) => self.then([
                Step::Write(text),
                Step::Say(", tzinfo="),
                Step::Object(zone),
                Step::Say(")"),
            ]),
        }
    }
}
