use super::*;
use crate::python_repr;

fn value(text: &str) -> Literal {
    parse(text, Dialect::Python3)
        .unwrap_or_else(|why| panic!("{text:?}: {why:?}"))
        .value
}

fn refusal(text: &str) -> String {
    let why = parse(text, Dialect::Python3).expect_err(text);
    assert!(why.at <= text.len());
    format!("{} {}", why.at, why.message)
}

#[test]
fn numbers_have_bases_underscores_exponents_and_any_size() {
    for (text, expected) in [
        ("0x1F", Literal::Int(31)),
        ("0b1_0", Literal::Int(2)),
        ("0o17", Literal::Int(15)),
        ("1_000", Literal::Int(1000)),
        ("00", Literal::Int(0)),
        ("- 3", Literal::Int(-3)),
        ("+(3)", Literal::Int(3)),
        ("1.", Literal::Float(1.0)),
        (".5e-1_0", Literal::Float(0.5e-10)),
        ("09.5", Literal::Float(9.5)),
        ("1e400", Literal::Float(f64::INFINITY)),
        ("3j", Literal::Complex(0.0, 3.0)),
        ("1+2j", Literal::Complex(1.0, 2.0)),
        ("-1.5 - (2j)", Literal::Complex(-1.5, -2.0)),
        (
            "-0x100000000000000000000000000000000",
            Literal::BigInt("-0x100000000000000000000000000000000".into()),
        ),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for text in [
        "--3", "-(-3)", "-(1+2j)", "1+2", "1j+2", "1+2j+3j", "True+1j", "-True", "1__0", "1_",
        "0x", "012", "3L", "1e", "~3", "1+-2j", "1+", "-",
    ] {
        refusal(text);
    }
    assert_eq!(value(&"9".repeat(4300)).to_string(), "9".repeat(4300));
    assert_eq!(
        refusal(&"9".repeat(4301)),
        "0 an integer of more than 4300 digits"
    );
}

#[test]
fn strings_have_prefixes_escapes_and_neighbours() {
    for (text, expected) in [
        ("'a' \"b\"'''c'''", "abc"),
        (r"'\x41\101\u0041\U00000041'", "AAAA"),
        (r"r'\n'", "\\n"),
        (r"rB'' u''", ""),
        ("'''a\r\nb'''", "a\nb"),
        ("'a\\\nb'", "ab"),
        (r"'\d\''", "\\d'"),
    ] {
        match parse(text, Dialect::Python3) {
            Ok(parsed) => assert_eq!(parsed.value, Literal::Str(expected.into()), "{text}"),
            // Bytes and text do not join.
            Err(why) => assert!(why.message.contains("cannot be joined"), "{text}"),
        }
    }
    assert_eq!(
        value(r"b'\xff\u0041\400'"),
        Literal::Bytes(b"\xff\\u0041\0".to_vec())
    );
    assert_eq!(
        value(r"'a\ud800\udc00'"),
        Literal::Surrogates(vec![0x61, 0xD800, 0xDC00])
    );
    assert_eq!(value(r"'a\ud800\udc00'").to_string(), r"'a\ud800\udc00'");
    for text in [
        "'a",
        "'''a''",
        "'a\nb'",
        "b'é'",
        r"'\x4'",
        r"'\U00110000'",
        "f'a'",
        "ur'a'",
        r"'\",
        r"'\N{BELL}'",
    ] {
        refusal(text);
    }
}

#[test]
fn containers_nest_to_pythons_limit_and_no_further() {
    assert_eq!(
        value("{1: (2,), 'a': [], }").to_string(),
        "{1: (2,), 'a': []}"
    );
    assert_eq!(
        value("{1, 2}"),
        Literal::Set(vec![Literal::Int(1), Literal::Int(2)])
    );
    assert_eq!(
        value("(set ( ), {}, (), (1), None, ..., True)").to_string(),
        "(set(), {}, (), 1, None, Ellipsis, True)"
    );
    assert_eq!(value("1, 2,"), value("(1, 2)"));
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    value(&nested(200));
    assert_eq!(
        refusal(&nested(201)),
        "200 brackets nested more than 200 deep"
    );
    assert!(refusal(&"[".repeat(1_000_000)).contains("more than 200"));
    assert!(refusal(&"-".repeat(1_000_000)).contains("a sign after a sign"));
    for text in [
        "(,)",
        "[1,,2]",
        "{1:2, 3}",
        "{1, 2:3}",
        "{1:2:3}",
        "{:1}",
        "(1:2)",
        "[1)",
        "(1",
        "1)",
        "{[]}",
        "{{}: 1}",
        "{([],): 1}",
        "[1][0]",
        "f(1)",
        "(1)(2)",
        "set(1)",
        "{**{}}",
        "(*a,)",
        "x",
        "",
        "  ",
        "#",
    ] {
        refusal(text);
    }
}

#[test]
fn lines_and_comments_are_pythons() {
    for text in [
        "  1",
        "\n1",
        "1\n\n",
        "1 # c",
        "#c\n1",
        "[1,\n2#c\n]",
        "\\\n 1",
        "1\n #c\n",
        "\x0c1",
        "1\r\n",
        "1\n \n",
    ] {
        value(text);
    }
    for text in [
        "\n 1",
        "1\n2",
        "1\n 2",
        "1\\",
        "1\\ \n",
        "1;",
        "\0",
        "1#\0",
        "1\u{a0}",
        "\u{feff}1",
        "-\n1",
        "1\n  ",
    ] {
        refusal(text);
    }
    let parsed = parse(
        "# before\n{ # inside\n} # after\n # again",
        Dialect::Python3,
    )
    .unwrap();
    assert_eq!(parsed.comments, [" after", " again"]);
}

#[test]
fn long_integers_are_python_2s() {
    let python2 = |text| parse(text, Dialect::Python2).map(|parsed| parsed.value);
    assert_eq!(
        python2("(3L, 0x3 L, 3.5L L)").unwrap().to_string(),
        "(3, 3, 3.5)"
    );
    for text in ["3l", "3LL", "L", "(3\nL)", "'a'L"] {
        python2(text).unwrap_err();
    }
}

#[test]
fn numpy_scalars_are_told_from_numbers() {
    assert_eq!(value("np.int64(3)"), Literal::NumpyInt(3));
    assert_eq!(value("numpy . uint8 ( -3 )"), Literal::NumpyInt(-3));
    for text in [
        "np.float64(3)",
        "np.int64('3')",
        "np.int64(3,)",
        "np.int64()",
        "np",
        "np.int64",
        "int(3)",
    ] {
        refusal(text);
    }
}

#[test]
fn the_place_and_what_was_found_are_told() {
    assert_eq!(
        refusal("{'a': print}"),
        "6 expected a literal, found the name `print`"
    );
    assert_eq!(
        refusal("(1 2)"),
        "3 expected `,` or the end of it, found 2 (inside of what needs a `)`, from 0)"
    );
    assert_eq!(
        refusal("1\u{a0}"),
        "1 expected a literal, found the character U+00A0"
    );
}

#[test]
fn text_is_shown_as_python_shows_it() {
    for (text, shown) in [
        ("it's", r#""it's""#),
        ("it's \"", r#"'it\'s "'"#),
        ("é\u{301}日🦀", "'é\u{301}日🦀'"),
        (
            "\u{ad}\u{a0}\u{200b}\u{1f}\u{7f}\u{e000}\u{10ffff}",
            r"'\xad\xa0\u200b\x1f\x7f\ue000\U0010ffff'",
        ),
        ("\n\r\t\\", r"'\n\r\t\\'"),
    ] {
        assert_eq!(python_repr::text(text), shown);
        assert_eq!(value(shown), Literal::Str(text.into()));
    }
    let floats =
        "(1.0, 0.1, 1e+16, 1e-05, 0.0001, 1234567890123456.0, -1.5e+300, inf, 2j, (1+2j), (-0-1j))";
    let text = floats.replace("inf", "1e999").replace("(-0-1j)", "-0.-1j");
    assert_eq!(value(&text).to_string(), floats);
    assert_eq!(
        value(r#"b'\0\x7f\'"\n'"#).to_string(),
        r#"b'\x00\x7f\'"\n'"#
    );
}
