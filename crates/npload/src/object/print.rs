//! Objects as NumPy and Python print them, arrays of them and in them.

use std::cell::{Cell, RefCell};
use std::fmt;

use npload_pickle::{DType as Pickled, Data, Id, NdData, Object, ObjectRef, Scalar};

use super::ObjectArray;
use super::dtype::lengths;
use crate::array::{lay_out, suffix};
use crate::{Array, DType, Number, Order, PrintOptions, Shown, python_repr};

/// Bytes of arrays inside of objects: what shares arrays a billion times is cut short.
const MOST: usize = 64 << 20;

/// How deep arrays of objects are printed in each other.
const DEEPEST: usize = 16;

impl ObjectArray {
    /// The array as NumPy's `str` shows it, with options. Long elements are cut short, and one without
    /// axes is shown as Python's `repr` has it, unless it is a text.
    #[must_use]
    pub fn format(&self, options: &PrintOptions) -> String {
        match (self.shape(), self.iter().next()) {
            ([], Some(object)) => match object.get() {
                Object::Text(text) => text
                    .as_str()
                    .map_or_else(|| object.to_string(), str::to_owned),
                Object::List(_) => object_repr(object, &limits(1), options),
                _ => Printing::new(limits(1), options).element(object),
            },
            _ => self.face(options, |face, printing| face.body(printing, " ", 0, 0)),
        }
    }

    /// The array as NumPy's `repr` shows it, with options.
    #[must_use]
    pub fn format_repr(&self, options: &PrintOptions) -> String {
        self.face(options, |face, printing| face.repr(printing))
    }

    fn face(
        &self,
        options: &PrintOptions,
        print: impl FnOnce(&Face<'_>, &Printing<'_>) -> String,
    ) -> String {
        let face = Face {
            root: self.objects().root_object(),
            elements: self.elements(),
            shape: self.shape(),
            dtype: self.pickled_dtype(),
        };
        let printing = Printing::new(limits(face.count(options)), options);
        print(&face, &printing)
    }
}

/// An object as Python's `repr` has it, as far as the limits allow; what is NumPy's in it as NumPy's
/// `repr`, with its options.
///
/// ```
/// use npload::{LoadOptions, PrintOptions, object_repr, pickle};
/// let options = LoadOptions::new().allow_pickle(true);
/// let array = options.load("../../testdata/npy/object.npy")?.into_object_array()?;
/// let object = array.get(&[1])?;
/// let text = object_repr(object, &pickle::PrintOptions::default(), &PrintOptions::default());
/// assert_eq!(text, "'two'");
/// # Ok::<(), npload::Error>(())
/// ```
#[must_use]
pub fn object_repr(
    object: ObjectRef<'_>,
    limits: &npload_pickle::PrintOptions,
    options: &PrintOptions,
) -> String {
    Printing::new(*limits, options).text(object)
}

/// How much of an element is printed, one of so many.
fn limits(of: usize) -> npload_pickle::PrintOptions {
    let limits = npload_pickle::PrintOptions::default();
    match of > 16 {
        true => limits.max_objects(100).max_bytes(200),
        false => limits,
    }
}

/// An array of objects, seen.
struct Face<'a> {
    root: ObjectRef<'a>,
    elements: &'a [Id],
    shape: &'a [usize],
    dtype: &'a Pickled,
}

impl Face<'_> {
    /// How many elements are shown.
    fn count(&self, options: &PrintOptions) -> usize {
        let shown = options.shown(self.shape);
        shown
            .iter()
            .map(Shown::count)
            .fold(1, |n: usize, m| n.saturating_mul(m))
    }

    fn repr(&self, printing: &Printing<'_>) -> String {
        let start = "array(";
        let body = self.body(printing, ", ", start.len(), 1);
        let text = format!("{start}{body}");
        let dtype = match self.dtype {
            dtype @ Pickled::String { .. } => dtype.to_string(),
            dtype => DType::try_from(dtype)
                .map_or_else(|_| dtype.to_string(), |dtype| suffix::short_name(&dtype)),
        };
        suffix::complete_with(text, self.shape, Some(dtype), printing.options)
    }

    fn body(
        &self,
        printing: &Printing<'_>,
        separator: &str,
        before: usize,
        after: usize,
    ) -> String {
        let options = printing.options;
        let shown = options.shown(self.shape);
        if printing.open.borrow().contains(&self.root.id()) {
            return "...".to_owned();
        }
        if self.count(options) == 0 || self.shape.contains(&0) {
            return "[]".to_owned();
        }
        let mut places = vec![0_usize];
        for (shown, &len) in shown.iter().zip(self.shape) {
            let inner = |at: &usize| {
                let start = at.saturating_mul(len);
                shown.indices().map(move |i| start.saturating_add(i))
            };
            places = places.iter().flat_map(inner).collect();
        }
        let words = places.iter().filter_map(|&at| self.elements.get(at));
        let objects = self.root.objects();
        let mut words = words.map(|&id| match (self.dtype, objects.get(id)) {
            (Pickled::Struct { .. }, Object::Tuple(items)) => {
                printing.fields(objects.object(id), items)
            }
            _ => printing.element(objects.object(id)),
        });
        printing.open.borrow_mut().push(self.root.id());
        let text = lay_out(&mut words, &shown, separator, before, after, options);
        printing.open.borrow_mut().pop();
        text
    }
}

/// Objects on their way to texts.
struct Printing<'a> {
    limits: npload_pickle::PrintOptions,
    options: &'a PrintOptions,
    /// The arrays that are being printed, outermost first.
    open: RefCell<Vec<Id>>,
    /// How many bytes of arrays may still be written.
    left: Cell<usize>,
}

impl<'a> Printing<'a> {
    fn new(limits: npload_pickle::PrintOptions, options: &'a PrintOptions) -> Self {
        Printing {
            limits,
            options,
            open: RefCell::default(),
            left: Cell::new(MOST),
        }
    }

    fn text(&self, object: ObjectRef<'_>) -> String {
        let numpy = |inner: ObjectRef<'_>| self.numpy(inner);
        object
            .objects()
            .print_with(object.id(), &self.limits, &numpy)
    }

    /// An element as NumPy writes it.
    fn element(&self, object: ObjectRef<'_>) -> String {
        match object.get() {
            // Lest it look like an axis.
            Object::List(_) => format!("list({})", self.text(object)),
            _ => self.text(object),
        }
    }

    /// The fields of an element.
    fn fields(&self, around: ObjectRef<'_>, items: &[Id]) -> String {
        let texts = items
            .iter()
            .map(|&id| self.element(around.objects().object(id)));
        let texts: Vec<String> = texts.collect();
        match texts.as_slice() {
            [one] => format!("({one},)"),
            _ => format!("({})", texts.join(", ")),
        }
    }

    /// What is NumPy's.
    fn numpy(&self, object: ObjectRef<'_>) -> Option<String> {
        let Object::Data(data) = object.get() else {
            return None;
        };
        match data {
            Data::DType(dtype, _) => match &**dtype {
                dtype @ Pickled::String { .. } => Some(dtype.to_string()),
                dtype => Some(DType::try_from(dtype).ok()?.repr()),
            },
            Data::Scalar(dtype, bytes) => {
                let dtype = DType::try_from(&**dtype).ok()?;
                let bytes = object.objects().buffer(*bytes)?;
                let array = Array::from_bytes(dtype, &[], Order::C, bytes).ok()?;
                scalar(object, &array, self.options)
            }
            Data::Array(_) => self.array(object),
            _ => None,
        }
    }

    fn array(&self, object: ObjectRef<'_>) -> Option<String> {
        let room = self.left.get() > 0 && self.open.borrow().len() < DEEPEST;
        let text = match Array::try_from(object) {
            _ if !room => return None,
            Ok(array) => array.format_repr(self.options),
            Err(_) => {
                let array = object.array()?;
                let NdData::Objects(elements) = array.data else {
                    return None;
                };
                let face = Face {
                    root: object,
                    elements,
                    shape: &lengths(array.shape)?,
                    dtype: array.dtype,
                };
                face.repr(self)
            }
        };
        self.left.set(self.left.get().saturating_sub(text.len()));
        Some(text)
    }
}

/// A scalar of NumPy's, which is an array without axes, as its `repr` writes it: `np.float64(1.5)`.
fn scalar(object: ObjectRef<'_>, array: &Array, options: &PrintOptions) -> Option<String> {
    let text = array.format(options);
    let bytes = || array.to_bytes().ok();
    Some(match array.dtype() {
        DType::Number(Number::Bool, _) => format!("np.{text}_"),
        DType::Number(number, _) => {
            let text = text.trim_start_matches('(').trim_end_matches(')');
            match number {
                Number::LongDouble => format!("np.longdouble('{text}')"),
                Number::CLongDouble => format!("np.clongdouble('{text}')"),
                number => format!("np.{}({text})", number.name()),
            }
        }
        DType::Bytes(_) => match object.scalar()? {
            Scalar::Bytes(bytes) => format!("np.bytes_({})", python_repr::bytes(bytes)),
            _ => return None,
        },
        DType::Str(..) => match array.get(&[]).ok()? {
            crate::Value::Str(text) => {
                let text = python_repr::code_points(text.code_points());
                format!("np.str_({text})")
            }
            _ => return None,
        },
        DType::Void(_) => format!("np.void({})", python_repr::void(&bytes()?)),
        dtype @ DType::Struct(_) => {
            format!("np.void({text}, dtype={})", suffix::short_name(dtype))
        }
        DType::DateTime(unit, _) => {
            let nat = text == "NaT";
            let unit = unit.to_string();
            match unit.trim_matches(['[', ']']) {
                "" if nat => "np.datetime64('NaT','generic')".to_owned(),
                unit if nat || unit == "h" || unit.starts_with(|c: char| c.is_ascii_digit()) => {
                    format!("np.datetime64('{text}','{unit}')")
                }
                _ => format!("np.datetime64('{text}')"),
            }
        }
        DType::TimeDelta(unit, _) => {
            let count = match object.scalar()? {
                Scalar::TimeDelta(i64::MIN, _) => "'NaT'".to_owned(),
                Scalar::TimeDelta(count, _) => count.to_string(),
                _ => return None,
            };
            match unit.to_string().trim_matches(['[', ']']) {
                "" => format!("np.timedelta64({count})"),
                unit => format!("np.timedelta64({count},'{unit}')"),
            }
        }
        _ => return None,
    })
}

/// What NumPy's `str` says, with the default [`PrintOptions`].
impl fmt::Display for ObjectArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(&PrintOptions::default()))
    }
}
