//! The grammar: brackets, commas, colons, signs. One loop and one stack, no recursion.

use super::scan::{Bracket, Scanner, Token};
use super::{Literal, MAX_DEPTH, Malformed, Parsed};

/// Which Python wrote the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Python3,
    /// Integers may end in `L`.
    Python2,
}

/// Reads a text as `ast.literal_eval` does: the literals it takes, and no others. Two exceptions:
/// `np.int64(3)` is a [`Literal::NumpyInt`], and `\N{…}` is refused.
///
/// # Errors
/// Where the text is no literal, and why.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Parsed<'_>, Malformed> {
    if let Some(at) = text.find('\0') {
        return Err(Malformed::new(at, "a NUL character"));
    }
    let mut scan = Scanner::new(text, dialect);
    let mut stack = Stack {
        top: Frame::new(None, 0),
        below: Vec::new(),
    };
    loop {
        // A value, or what opens or ends one.
        let (at, token) = scan.token(stack.nested())?;
        let mut operand = match token {
            Token::Open(bracket) => {
                stack.open(bracket, at)?;
                continue;
            }
            Token::Sign(negative) => {
                stack.top.sign(negative, at)?;
                continue;
            }
            Token::Close(bracket) => stack.close(bracket, at)?,
            Token::Value(value) => Operand {
                value,
                form: Form::Constant,
            },
            Token::End if !stack.nested() && stack.top.is_tuple() => {
                return Ok(Parsed {
                    value: Literal::Tuple(stack.top.items),
                    comments: scan.comments,
                });
            }
            token => return Err(stack.unexpected(at, &token, "a literal")),
        };
        // What follows it.
        loop {
            let value = stack.top.complete(operand, at)?;
            let (at, token) = scan.token(stack.nested())?;
            match token {
                Token::Sign(negative) => {
                    stack.top.sum(value, negative, at)?;
                    break;
                }
                Token::Comma => {
                    stack.top.item(value, at)?;
                    stack.top.comma = true;
                    break;
                }
                Token::Colon => {
                    stack.top.key(value, at)?;
                    break;
                }
                Token::Close(bracket) => {
                    stack.top.item(value, at)?;
                    operand = stack.close(bracket, at)?;
                }
                Token::End if !stack.nested() => {
                    let mut top = stack.top;
                    let value = if top.comma {
                        top.items.push(value.value);
                        Literal::Tuple(top.items)
                    } else {
                        value.value
                    };
                    return Ok(Parsed {
                        value,
                        comments: scan.comments,
                    });
                }
                token => return Err(stack.unexpected(at, &token, "`,` or the end of it")),
            }
        }
    }
}

/// How a value was written, which decides what signs and sums may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One token.
    Constant,
    /// A sign before a number.
    Signed,
    /// Anything else: a sum, a container.
    Other,
}

struct Operand {
    value: Literal,
    form: Form,
}

/// What is open: a bracket, or the text itself.
struct Frame {
    bracket: Option<Bracket>,
    at: usize,
    items: Vec<Literal>,
    pairs: Vec<(Literal, Literal)>,
    /// The key whose value comes.
    pending_key: Option<Literal>,
    /// Whether a comma follows the last item.
    comma: bool,
    /// The sign whose number comes: whether it is a minus.
    pending_sign: Option<bool>,
    /// The number left of `+` or `-`, and whether it is a minus.
    left: Option<(Literal, bool)>,
    /// How the last item was written, for `(x)`, which is `x`.
    form: Form,
}

impl Frame {
    fn new(bracket: Option<Bracket>, at: usize) -> Self {
        Frame {
            bracket,
            at,
            items: Vec::new(),
            pairs: Vec::new(),
            pending_key: None,
            comma: false,
            pending_sign: None,
            left: None,
            form: Form::Other,
        }
    }

    fn is_tuple(&self) -> bool {
        self.comma && !self.expects_operand()
    }

    fn expects_operand(&self) -> bool {
        self.pending_sign.is_some() || self.left.is_some() || self.pending_key.is_some()
    }

    fn sign(&mut self, negative: bool, at: usize) -> Result<(), Malformed> {
        if self.pending_sign.replace(negative).is_some() || self.left.is_some() {
            return Err(Malformed::new(at, "a sign after a sign"));
        }
        Ok(())
    }

    /// Applies the sign and the sum that wait for this value.
    fn complete(&mut self, operand: Operand, at: usize) -> Result<Operand, Malformed> {
        let Operand {
            mut value,
            mut form,
        } = operand;
        if let Some(negative) = self.pending_sign.take() {
            if form != Form::Constant {
                return Err(Malformed::new(at, "a sign before what is no plain number"));
            }
            value = signed(value, negative)
                .ok_or_else(|| Malformed::new(at, "a sign before what is no number"))?;
            form = Form::Signed;
        }
        if let Some((left, negative)) = self.left.take() {
            let (Form::Constant, Literal::Complex(_, imaginary)) = (form, &value) else {
                return Err(Malformed::new(at, "arithmetic: only `1+2j` may be written"));
            };
            let imaginary = if negative { -imaginary } else { *imaginary };
            value = Literal::Complex(real(&left), imaginary);
            form = Form::Other;
        }
        Ok(Operand { value, form })
    }

    /// Takes a value as the left side of `1+2j`.
    fn sum(&mut self, left: Operand, negative: bool, at: usize) -> Result<(), Malformed> {
        let number = matches!(
            left.value,
            Literal::Int(_) | Literal::BigInt(_) | Literal::Float(_)
        );
        if !number || left.form == Form::Other {
            return Err(Malformed::new(at, "arithmetic: only `1+2j` may be written"));
        }
        self.left = Some((left.value, negative));
        Ok(())
    }

    fn key(&mut self, key: Operand, at: usize) -> Result<(), Malformed> {
        let set = !self.items.is_empty();
        if self.bracket != Some(Bracket::Curly) || set || self.pending_key.is_some() {
            return Err(Malformed::new(at, "a `:` outside of a dictionary"));
        }
        if !key.value.is_hashable() {
            return Err(Malformed::new(
                at,
                "a key that is a list, a set or a dictionary",
            ));
        }
        self.pending_key = Some(key.value);
        Ok(())
    }

    /// Takes a complete value as an item, or as the value of the pending key.
    fn item(&mut self, item: Operand, at: usize) -> Result<(), Malformed> {
        self.comma = false;
        self.form = item.form;
        match self.pending_key.take() {
            Some(key) => self.pairs.push((key, item.value)),
            None if !self.pairs.is_empty() => {
                return Err(Malformed::new(at, "a dictionary entry without `:`"));
            }
            None if self.bracket == Some(Bracket::Curly) && !item.value.is_hashable() => {
                return Err(Malformed::new(at, "a list, a set or a dictionary in a set"));
            }
            None => self.items.push(item.value),
        }
        Ok(())
    }

    /// What the closed brackets hold.
    fn value(mut self) -> Operand {
        let form = Form::Other;
        let value = match self.bracket {
            Some(Bracket::Square) => Literal::List(self.items),
            Some(Bracket::Curly) if self.items.is_empty() => Literal::Dict(self.pairs),
            Some(Bracket::Curly) => Literal::Set(self.items),
            Some(Bracket::Round) | None => match self.items.pop() {
                Some(value) if self.items.is_empty() && !self.comma => {
                    return Operand {
                        value,
                        form: self.form,
                    };
                }
                last => {
                    self.items.extend(last);
                    Literal::Tuple(self.items)
                }
            },
        };
        Operand { value, form }
    }
}

/// The innermost open bracket, and those around it.
struct Stack {
    top: Frame,
    below: Vec<Frame>,
}

impl Stack {
    fn nested(&self) -> bool {
        !self.below.is_empty()
    }

    fn open(&mut self, bracket: Bracket, at: usize) -> Result<(), Malformed> {
        if self.below.len() >= MAX_DEPTH {
            let message = format!("brackets nested more than {MAX_DEPTH} deep");
            return Err(Malformed::new(at, message));
        }
        let outer = std::mem::replace(&mut self.top, Frame::new(Some(bracket), at));
        self.below.push(outer);
        Ok(())
    }

    fn close(&mut self, bracket: Bracket, at: usize) -> Result<Operand, Malformed> {
        if self.top.bracket != Some(bracket) || self.top.expects_operand() {
            return Err(self.unexpected(at, &Token::Close(bracket), "something else"));
        }
        match self.below.pop() {
            Some(outer) => Ok(std::mem::replace(&mut self.top, outer).value()),
            None => Err(self.unexpected(at, &Token::Close(bracket), "a literal")),
        }
    }

    #[cold]
    fn unexpected(&self, at: usize, token: &Token, expected: &str) -> Malformed {
        let found = match token {
            Token::Open(Bracket::Round) => "`(`".to_owned(),
            Token::Open(Bracket::Square) => "`[`".to_owned(),
            Token::Open(Bracket::Curly) => "`{`".to_owned(),
            Token::Close(bracket) => format!("`{}`", bracket.closing()),
            Token::Comma => "`,`".to_owned(),
            Token::Colon => "`:`".to_owned(),
            Token::Sign(negative) => if *negative { "`-`" } else { "`+`" }.to_owned(),
            Token::Value(value) => format!("{value}"),
            Token::End => "the end".to_owned(),
        };
        let inside = match self.top.bracket {
            Some(bracket) => {
                format!(
                    " (inside of what needs a `{}`, from {})",
                    bracket.closing(),
                    self.top.at
                )
            }
            None => String::new(),
        };
        Malformed::new(at, format!("expected {expected}, found {found}{inside}"))
    }
}

fn signed(value: Literal, negative: bool) -> Option<Literal> {
    Some(match value {
        Literal::Int(_) | Literal::BigInt(_) | Literal::Float(_) | Literal::Complex(..)
            if !negative =>
        {
            value
        }
        Literal::Int(value) => Literal::Int(value.checked_neg()?),
        Literal::BigInt(digits) => Literal::BigInt(format!("-{digits}")),
        Literal::Float(value) => Literal::Float(-value),
        Literal::Complex(re, im) => Literal::Complex(-re, -im),
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "Python rounds as well")]
fn real(value: &Literal) -> f64 {
    match value {
        Literal::Int(value) => *value as f64,
        Literal::Float(value) => *value,
        Literal::BigInt(digits) => digits.replace('_', "").parse().unwrap_or(f64::INFINITY),
        _ => 0.0,
    }
}
