//! A builder of somebody else's: reference-counted values made straight from the opcodes, that
//! refuses every call and says which globals it met. As a binding of a language would.

use std::cell::RefCell;
use std::rc::Rc;

use npload_pickle::num_bigint::BigInt;
use npload_pickle::{
    Builder, Call, Data, Error, ErrorKind, Global, Items, Known, Machine, Options, Reason, Result,
    Text, View,
};

enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(RefCell<Vec<Rc<Value>>>),
    Tuple(Vec<Rc<Value>>),
    Dict(RefCell<Vec<(Rc<Value>, Rc<Value>)>>),
    Global(Option<Known>),
    Complex(f64, f64),
}

#[derive(Default)]
struct Strict {
    refused: Vec<String>,
}

fn other<T>(what: &str) -> Result<T> {
    Err(Error::new(
        ErrorKind::Builder,
        format!("{what} is not for this test"),
    ))
}

impl Builder for Strict {
    type Value = Rc<Value>;

    fn none(&mut self) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::None))
    }
    fn bool(&mut self, value: bool) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Bool(value)))
    }
    fn int(&mut self, value: i64) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Int(value)))
    }
    fn big_int(&mut self, _: BigInt) -> Result<Rc<Value>> {
        other("a big int")
    }
    fn float(&mut self, value: f64) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Float(value)))
    }
    fn text(&mut self, text: Text<'_>, _: Option<usize>) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Text(text.as_str().unwrap().to_owned())))
    }
    fn bytes(&mut self, bytes: &[u8], _: Option<usize>) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Bytes(bytes.to_vec())))
    }
    fn bytearray(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Rc<Value>> {
        self.bytes(bytes, at)
    }
    fn tuple(&mut self, items: Items<'_, Rc<Value>>) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Tuple(items.into_iter().collect())))
    }
    fn list(&mut self, items: Items<'_, Rc<Value>>) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::List(RefCell::new(
            items.into_iter().collect(),
        ))))
    }
    fn frozenset(&mut self, _: Items<'_, Rc<Value>>) -> Result<Rc<Value>> {
        other("a frozenset")
    }
    fn dict(&mut self) -> Result<Rc<Value>> {
        Ok(Rc::new(Value::Dict(RefCell::default())))
    }
    fn set(&mut self) -> Result<Rc<Value>> {
        other("a set")
    }
    fn append(&mut self, target: &Rc<Value>, items: Items<'_, Rc<Value>>) -> Result<()> {
        let Value::List(list) = &**target else {
            return other("no list");
        };
        list.borrow_mut().extend(items);
        Ok(())
    }
    fn set_items(&mut self, target: &Rc<Value>, items: Items<'_, Rc<Value>>) -> Result<()> {
        let Value::Dict(dict) = &**target else {
            return other("no dict");
        };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dict.borrow_mut().push((key, value));
        }
        Ok(())
    }
    fn add(&mut self, _: &Rc<Value>, _: Items<'_, Rc<Value>>) -> Result<()> {
        other("a set")
    }
    fn global(&mut self, global: &Global<'_>) -> Result<Rc<Value>> {
        if global.known.is_none() {
            let name = format!(
                "{}.{} at byte {}",
                global.module, global.name, global.offset
            );
            self.refused.push(name);
        }
        Ok(Rc::new(Value::Global(global.known)))
    }
    fn construct(&mut self, data: Data<Rc<Value>>) -> Result<Rc<Value>> {
        match data {
            Data::Complex(real, imaginary) => Ok(Rc::new(Value::Complex(real, imaginary))),
            _ => other("a value"),
        }
    }
    fn begin(&mut self, _: Known, _: Call<Rc<Value>>) -> Result<Rc<Value>> {
        other("a state")
    }
    fn fill(&mut self, _: &Rc<Value>, _: Data<Rc<Value>>) -> Result<()> {
        other("a state")
    }
    /// Goes on, so that all globals are found.
    fn call(&mut self, _: Call<Rc<Value>>, reason: Reason) -> Result<Rc<Value>> {
        if let Reason::Schema(expected) = reason {
            self.refused.push(format!("other than {expected}"));
        }
        Ok(Rc::new(Value::Global(None)))
    }
    fn build(&mut self, _: &Rc<Value>, _: Rc<Value>) -> Result<()> {
        Ok(())
    }
    fn view<'a>(&'a self, value: &'a Rc<Value>) -> View<'a> {
        match &**value {
            Value::None => View::None,
            Value::Bool(value) => View::Bool(*value),
            Value::Int(value) => View::Int(*value),
            Value::Float(value) => View::Float(*value),
            Value::Text(text) => View::Text(text.as_str().into()),
            Value::Bytes(bytes) => View::Bytes(bytes),
            Value::List(items) => View::List(items.borrow().len()),
            Value::Tuple(items) => View::Tuple(items.len()),
            Value::Dict(pairs) => View::Dict(pairs.borrow().len()),
            Value::Global(None) => View::Inert,
            Value::Global(known) => View::Global(*known),
            Value::Complex(..) => View::Other("complex"),
        }
    }
    fn to_big_int(&self, _: &Rc<Value>) -> Option<BigInt> {
        None
    }
    fn item(&self, value: &Rc<Value>, index: usize) -> Option<Rc<Value>> {
        match &**value {
            Value::List(items) => items.borrow().get(index).cloned(),
            Value::Tuple(items) => items.get(index).cloned(),
            _ => None,
        }
    }
    fn pairs(&self, dict: &Rc<Value>) -> Vec<(Rc<Value>, Rc<Value>)> {
        match &**dict {
            Value::Dict(pairs) => pairs.borrow().clone(),
            _ => Vec::new(),
        }
    }
    fn latin1(&mut self, _: &Rc<Value>) -> Result<Option<Rc<Value>>> {
        other("bytes as text")
    }
}

fn run(pickle: &[u8]) -> (Result<Rc<Value>>, Vec<String>) {
    let mut builder = Strict::default();
    let done = Machine::new(pickle, &Options::new(), &mut builder).run();
    (done.map(|done| done.value), builder.refused)
}

#[test]
fn identity_is_the_handle_s() {
    let (value, refused) =
        run(b"\x80\x04]\x94(h\x00cbuiltins\ncomplex\nG?\xf0\0\0\0\0\0\0G@\0\0\0\0\0\0\0\x86Re.");
    assert!(refused.is_empty());
    let value = value.unwrap();
    let Value::List(items) = &*value else {
        panic!("no list");
    };
    assert!(Rc::ptr_eq(&value, &items.borrow()[0]));
    assert!(matches!(*items.borrow()[1], Value::Complex(1.0, 2.0)));
    items.borrow_mut().clear(); // the cycle would leak
}

#[test]
fn a_builder_that_refuses_can_say_all_that_it_met() {
    let (value, refused) =
        run(b"(cos\nsystem\n(S'ls'\ntRcsubprocess\nPopen\n)R}bc_codecs\nencode\n)Rl.");
    assert!(value.is_ok());
    assert_eq!(
        refused,
        [
            "os.system at byte 1",
            "subprocess.Popen at byte 21",
            "other than a text and 'latin1'",
        ]
    );
}

#[test]
fn a_builder_s_own_failure_gets_opcode_and_byte() {
    let err = run(b"K\x01\x8f.").0.map(drop).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Builder);
    assert_eq!(
        err.to_string(),
        "at byte 2: EMPTY_SET: a set is not for this test"
    );
}
