//! Each limit is met, named, and can be raised; what is large in depth or sharing stays small in
//! time and memory.

use std::time::{Duration, Instant};

use npload_pickle::{
    Buffer, ErrorKind, Limits, Machine, Object, ObjectBuilder, Objects, Options, PrintOptions,
};

/// That a pickle meets a limit, and by what name; then that it loads without it.
#[track_caller]
fn meets(pickle: &[u8], limits: Limits, name: &str) {
    let err = Options::new().limits(limits).load(pickle).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit, "{err}");
    assert!(err.message().contains(name), "{err}");
    Options::new().limits(raised()).load(pickle).unwrap();
}

fn raised() -> Limits {
    Limits::new()
        .max_nesting(u32::MAX)
        .max_recursion(u32::MAX)
        .max_digits(u64::MAX)
        .max_extra_work(1 << 40)
}

#[test]
fn every_limit_has_its_name() {
    let limits = Limits::default();
    let pickle = b"](K\x01K\x02K\x03e.";
    meets(pickle, limits.max_opcodes(5), "max_opcodes");
    meets(pickle, limits.max_objects(3), "max_objects");
    meets(b"K\x01q\x00q\x01q\x02.", limits.max_memo(2), "max_memo");
    meets(b"((K\x01tt.", limits.max_nesting(1), "max_nesting");
    meets(b"L12345L\n.", limits.max_digits(4), "max_digits");
    meets(b"C\x04abcdC\x04abcd\x86.", limits.max_bytes(7), "max_bytes");
}

#[test]
fn a_hundred_thousand_nested_lists() {
    let deep = [b"]".repeat(100_000), b"a".repeat(99_999), b".".to_vec()].concat();
    meets(&deep, Limits::default(), "max_nesting");
    let objects = Options::new().limits(raised()).load(&deep).unwrap();
    assert_eq!(objects.len(), 100_000);
    assert!(objects.to_string().ends_with(&"]".repeat(50)));
}

#[test]
fn a_million_nested_tuples_are_printed_compared_and_dropped_without_recursion() {
    let deep = [&b"}K\x01"[..], &b"\x85".repeat(1_000_000), b"K\x02s."].concat();
    meets(&deep, Limits::default(), "max_nesting");
    let objects = Options::new().limits(raised()).load(&deep).unwrap();
    assert!(objects.to_string().starts_with("{(((("));
}

#[test]
fn a_billion_laughs_are_a_few_objects_and_print_shortly() {
    let pickle = [&b"]"[..], &b"2\x86".repeat(200), b"."].concat();
    let objects = Objects::load(&pickle).unwrap();
    assert_eq!(objects.len(), 201);
    assert!(objects.to_string().len() < 20_000);
}

/// A dict whose key is a tuple of itself twice, 40 times over.
#[test]
fn what_a_shared_key_holds_is_looked_at_once() {
    let key = [&b"}K\x01"[..], &b"2\x86".repeat(40), b"K\x02s."].concat();
    assert_eq!(Objects::load(&key).unwrap().len(), 43);
}

/// `k = tuple(range(1000)); [{k: None}, …]`.
#[test]
fn a_large_tuple_may_be_the_key_of_many_dicts() {
    let mut pickle = b"(".to_vec();
    pickle.extend((0..1000_u16).flat_map(|n| [&b"M"[..], &n.to_le_bytes()].concat()));
    pickle.extend(b"tq\x000](");
    pickle.extend(b"}h\x00Ns".repeat(100_000));
    pickle.extend(b"e.");
    let objects = Objects::load(&pickle).unwrap();
    assert_eq!(objects.len(), 1000 + 1 + 1 + 200_000);
}

#[test]
fn an_object_array_may_hold_a_large_tuple_many_times() {
    let array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85S'b'\ntR";
    let dtype = b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb";
    let tuple = [&b"("[..], &b"N".repeat(10_000), b"tq\x070"].concat();
    let items = [&b"]("[..], &b"h\x07".repeat(10_000), b"e"].concat();
    let state = [&b"(K\x01M\x10\x27\x85"[..], dtype, b"\x89", &items, b"tb."].concat();
    let objects = Objects::load([&tuple[..], array, &state].concat()).unwrap();
    let text = objects.to_string();
    assert!(
        text.starts_with("<array (10000,) of '|O': [(None, "),
        "{text}"
    );
}

#[test]
fn copying_a_shared_list_into_many_sets_is_work() {
    let mut pickle = b"c__builtin__\nset\nq\x000](".to_vec();
    pickle.extend((0..100_000_u32).flat_map(|n| [&b"J"[..], &n.to_le_bytes()].concat()));
    pickle.extend(b"e\x85q\x010(");
    pickle.extend(b"h\x00h\x01R".repeat(100_000));
    pickle.extend(b"l.");
    let err = Objects::load(&pickle).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit, "{err}");
    assert!(err.message().contains("max_extra_work"), "{err}");
}

#[test]
fn a_long_of_a_billion_digits_is_refused_by_its_length() {
    let mut pickle = b"L".to_vec();
    pickle.resize(10_000_000, b'9');
    pickle.extend(b"L\n.");
    let started = Instant::now();
    let err = Objects::load(&pickle).unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Limit, "{err}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_far_memo_index_takes_no_memory() {
    let objects = Objects::load(b"K\x01r\xff\xff\xff\xff0j\xff\xff\xff\xff.").unwrap();
    assert_eq!(objects.to_string(), "1");
}

#[test]
fn out_of_band_buffers_are_shared() {
    let buffer = Buffer::from(b"abc".to_vec());
    let input = b"\x80\x05\x97\x97\x98\x86.";
    let mut builder =
        ObjectBuilder::new(Buffer::from(input.to_vec())).buffers(vec![buffer.clone(), buffer]);
    let done = Machine::new(input, &Options::new(), &mut builder)
        .run()
        .unwrap();
    let objects = builder.finish(done.value);
    assert_eq!(objects.to_string(), "(bytearray(b'abc'), b'abc')");

    let mut builder = ObjectBuilder::new(Buffer::from(input.to_vec()));
    let err = Machine::new(input, &Options::new(), &mut builder)
        .run()
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "at byte 2: NEXT_BUFFER: out-of-band buffer 0, and 0 were given"
    );
}

#[test]
fn a_buffer_outside_the_input_may_be_of_any_size() {
    // numpy.zeros(3 << 20, "u1"), out of band
    let pickle = b"\x80\x05cnumpy._core.numeric\n_frombuffer\n(\x97cnumpy\ndtype\n(\x8c\x02u1\x89\x88tR\
        (K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbJ\x00\x00\x30\x00\x85\x8c\x01CtR.";
    let mut builder = ObjectBuilder::new(Buffer::from(pickle.to_vec()))
        .buffers(vec![Buffer::from(vec![0; 3 << 20])]);
    let done = Machine::new(pickle, &Options::new(), &mut builder)
        .run()
        .unwrap();
    let objects = builder.finish(done.value);
    assert_eq!(objects.to_string(), "<array (3145728,) of '|u1'>");
}

#[test]
fn references_are_kept_if_asked_for() {
    let input = b"\x80\x02\x82\x07K\x01QPid\n\x87.";
    let mut builder = ObjectBuilder::new(Buffer::from(input.to_vec())).keep_references(true);
    let done = Machine::new(input, &Options::new(), &mut builder)
        .run()
        .unwrap();
    let objects = builder.finish(done.value);
    assert_eq!(
        objects.to_string(),
        "(<extension code 7>, <persistent id 1>, <persistent id 'id'>)"
    );
}

#[test]
fn bytes_are_the_input_s_memory() {
    let input = Buffer::from(b"\x80\x03C\x04abcd.".to_vec());
    let objects = Options::new().load_buffer(input.clone()).unwrap();
    let bytes = objects.buffer(objects.root()).unwrap();
    assert_eq!(bytes.as_ptr(), input[4..].as_ptr());
}

#[test]
fn an_object_array_keeps_the_elements_that_were_checked() {
    // BUILD of a list of one; then the list grows through the memo.
    let array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85S'b'\ntR";
    let dtype = b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb";
    let pickle = [
        &array[..],
        b"(K\x01K\x01\x85",
        dtype,
        b"\x89]q\x07K\x05atbh\x07K\x06a0.",
    ]
    .concat();
    let objects = Objects::load(pickle).unwrap();
    assert_eq!(objects.to_string(), "<array (1,) of '|O': [5]>");
    assert!(matches!(objects.get(objects.root()), Object::Data(_)));
}

#[test]
fn long_names_are_printed_and_listed_shortly() {
    let name = "x".repeat(100_000);
    let mut pickle = format!("c{name}\n{name}\nq").into_bytes();
    pickle.extend(b"\x01(");
    pickle.extend(b"h\x01)R".repeat(1000));
    pickle.extend(b"l.");
    assert!(Objects::load(&pickle).unwrap().to_string().len() < 2_000_000);
    let scan = npload_pickle::scan(&pickle);
    assert_eq!(scan.findings.len(), 1001);
    assert!(scan.findings.iter().all(|finding| finding.name.len() < 100));
}

#[test]
fn states_count_as_objects_that_are_printed() {
    let bytes = [b"cm\nf\n)R", &b"Nb".repeat(1_000_000)[..], b"."].concat();
    let text = Objects::load(bytes).unwrap().to_string();
    let start = "m.f().__setstate__(None).__setstate__(None)";
    assert!(text.starts_with(start) && text.ends_with("..."), "{text}");
    assert!(text.len() < 30_000, "{}", text.len());
}

#[test]
fn what_is_printed_has_a_length() {
    let text = [b"X\xe8\x03\0\0", &[b'a'; 1000][..]].concat();
    let bytes = [b"](", &text.repeat(900)[..], b"e."].concat();
    let mut options = PrintOptions::default();
    let objects = Objects::load(bytes).unwrap();
    assert!(objects.print(objects.root(), &options).len() > 900_000);
    options.max_length = 5000;
    let text = objects.print(objects.root(), &options);
    assert!(text.ends_with("...") && text.len() < 7000, "{}", text.len());
}

#[test]
fn a_memo_whose_indices_double_takes_memory_of_its_entries() {
    let mut pickle = b"\x80\x02N".to_vec();
    let mut places = 0_u64;
    while let Ok(at) = u32::try_from(places * 2 + 1023) {
        pickle.push(b'r');
        pickle.extend(at.to_le_bytes());
        places = u64::from(at) + 1;
    }
    pickle.push(b'.');
    assert!(pickle.len() < 200);
    assert_eq!(Objects::load(&pickle).unwrap().to_string(), "None");
}

/// Empty values, memoized, and then each put into the one before.
fn put_afterwards(new: &[u8], count: u32, put: &dyn Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut pickle = b"\x80\x04".to_vec();
    for at in 0..=count {
        pickle.extend(new);
        pickle.extend([&b"r"[..], &at.to_le_bytes(), b"0"].concat());
    }
    for at in 0..count {
        pickle.extend([&b"j"[..], &at.to_le_bytes()].concat());
        pickle.extend(put(at + 1));
    }
    pickle.extend(b"j\0\0\0\0.");
    pickle
}

#[test]
fn what_grows_after_it_was_put_counts_where_dropping_recurses() {
    let get = |at: u32| [&b"j"[..], &at.to_le_bytes()].concat();
    let key = |at| [&b"N"[..], &get(at), b"s0"].concat();
    let item = |at| [get(at), b"a0".to_vec()].concat();
    let state = |at| {
        let dtype = b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR(K\x03S'|'\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb";
        [&b"(K\x01K\x01\x85"[..], dtype, b"\x89]", &get(at), b"atb0"].concat()
    };
    let array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R";
    let dict = b"ccollections\ndefaultdict\n)R";
    let deque = b"ccollections\ndeque\n)R";
    for (new, put) in [
        (&array[..], &state as &dyn Fn(u32) -> Vec<u8>),
        (dict, &key),
        (deque, &item),
    ] {
        meets(
            &put_afterwards(new, 20_000, put),
            Limits::default(),
            "max_recursion",
        );
        Objects::load(put_afterwards(new, 80, put)).unwrap();
    }
    // Python drops lists without recursion.
    Objects::load(put_afterwards(b"]", 20_000, &item)).unwrap();
    // The memo has its own slot for each place of a value, and may be told a place twice.
    let again = [&dict[..], b"r\xff\xff\0\0"].concat();
    meets(
        &put_afterwards(&again, 20_000, &key),
        Limits::default(),
        "max_recursion",
    );
}
