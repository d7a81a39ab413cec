//! Captures as they were recorded, and as they should not be.

use std::io::Write;

use super::*;

fn read(text: &[u8]) -> Vec<Result<Record, CaptureError>> {
    let reader: Box<dyn BufRead + Send> = Box::new(io::Cursor::new(text.to_vec()));
    Capture::read("capture.txt".into(), reader).unwrap().collect()
}

fn message(recv: Nanos, text: &str) -> Record {
    Record { recv, connection: 0, what: Captured::Message(text.to_owned()) }
}

const LINES: &str = concat!(
    "wss://ws.kraken.com <-> 1618678132.3858151\n",
    "wss://ws.kraken.com <- 1618678132.8253062: {\"event\":\"subscribe\"}\n",
    "1618678132.8258188: {\"event\":\"heartbeat\"}\r\n",
    "\n",
    "1723161253937085768 {\"stream\":\"x\"}\n",
    "https://x.com/depth?symbol=A&limit=5 -> 1626992741.301402: {\"lastUpdateId\":1, \"b\": []}",
);

#[test]
fn every_form_is_read() {
    let records: Vec<Record> = read(LINES.as_bytes()).into_iter().map(Result::unwrap).collect();

    let url = "wss://ws.kraken.com".to_owned();
    let what = Captured::Connected { url };
    let opened = Record { recv: 1_618_678_132_385_815_100, connection: 0, what };
    let said = Captured::Said("{\"event\":\"subscribe\"}".to_owned());
    let response = Captured::Response {
        url: Some("https://x.com/depth?symbol=A&limit=5".to_owned()),
        body: "{\"lastUpdateId\":1, \"b\": []}".to_owned(),
    };
    assert_eq!(
        records,
        [
            opened,
            Record { recv: 1_618_678_132_825_306_200, connection: 0, what: said },
            message(1_618_678_132_825_818_800, "{\"event\":\"heartbeat\"}"),
            message(1_723_161_253_937_085_768, "{\"stream\":\"x\"}"),
            Record { recv: 1_626_992_741_301_402_000, connection: 0, what: response },
        ]
    );
}

#[test]
fn a_bad_line_is_told_with_its_place_and_reading_goes_on() {
    let text = b"1 {}\nnonsense\n1x {}\nx <- 5\nftp://a => 5\n\xff\xfe 1\n2.5:\n1.5: {\"a\":1}\n";
    let outcomes = read(text);

    let places: Vec<u64> = outcomes.iter().filter_map(|r| Some(r.as_ref().err()?.line)).collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 7]);
    let records: Vec<Record> = outcomes.into_iter().filter_map(Result::ok).collect();
    assert_eq!(records, [message(1, "{}"), message(1_500_000_000, "{\"a\":1}")]);
    let told = read(b"nonsense").remove(0).unwrap_err().to_string();
    assert_eq!(told, "capture.txt:1: not a recorded frame");
}

#[test]
fn a_line_too_long_is_passed_over() {
    let mut text = b"1 ".to_vec();
    text.resize(LINE_BYTES_MAX + 100, b'x');
    text.extend_from_slice(b"\n2 {}\n");
    let mut outcomes = read(&text);

    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes.remove(1).unwrap(), message(2, "{}"));
    assert!(matches!(outcomes.remove(0).unwrap_err().fault, Fault::TooLong));
}

#[test]
fn a_document_is_one_response_at_its_cursor() {
    for (cursor, recv) in [
        ("\"1762820035982277754\"", 1_762_820_035_982_277_754),
        ("1762820160", 1_762_820_160_000_000_000),
        ("null", 0),
        ("\"-5\"", 0),
    ] {
        let text = format!("\n{{\n \"error\": [],\n \"result\": {{\"last\": {cursor}}}\n}}\n");
        let record = read(text.as_bytes()).remove(0).unwrap();

        assert_eq!(record.recv, recv);
        assert_eq!(record.what, Captured::Response { url: None, body: text });
    }
    assert_eq!(read(b"{ not json").len(), 1);
}

#[test]
fn files_merge_by_receive_time_and_equal_times_by_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a"), "1 a1\n5 a5\nbad\n4 a4\n9 a9\n").unwrap();
    let packed = std::fs::File::create(path("b")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed.write_all(b"1 b1\n3 b3\n5 b5\n").unwrap();
    packed.finish().unwrap();

    let order: Vec<String> = merge([path("a"), path("b")])
        .unwrap()
        .map(|outcome| match outcome {
            Ok(Record { what: Captured::Message(text), .. }) => text,
            Ok(other) => panic!("{other:?}"),
            Err(error) => format!("line {}", error.line),
        })
        .collect();

    assert_eq!(order, ["a1", "b1", "b3", "a5", "line 3", "a4", "b5", "a9"]);
    assert!(merge([path("a"), path("missing")]).is_err());
}

#[test]
fn a_damaged_gzip_ends_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for nth in 0..20_000 {
        writeln!(packed, "{nth} {{\"n\":{}}}", nth * 7_919 % 10_007).unwrap();
    }
    let bytes = packed.finish().unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let outcomes: Vec<_> = Capture::open(&path).unwrap().collect();

    let (last, read) = outcomes.split_last().unwrap();
    assert!(matches!(last.as_ref().unwrap_err().fault, Fault::Unreadable(_)));
    assert!(1_000 < read.len() && read.iter().all(Result::is_ok));
}

#[test]
fn files_that_tell_of_connections_are_each_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = [
        write("X.ws.28.0.txt", "wss://x <-> 1.0\n2.0: {}\n"),
        write("X.ws.28.1.txt", "4.0: {}\n"),
        write("X.ws.3.0", "3.0: {}\n"),
        write("book.txt", "wss://x <-> 5.0\n"),
        write("day1", "6000000000 {}\n"),
        write("day2", "7000000000 {}\n"),
        write("X.http.0.0", "https://x -> 8.0: {}\n"),
    ];
    let connections: Vec<usize> =
        merge(files).unwrap().map(|record| record.unwrap().connection).collect();

    assert_eq!(connections, [0, 0, 1, 0, 2, 0, 0, 0]);
}

#[test]
fn a_body_without_url_is_of_the_symbol_that_its_file_is_of() {
    let urls = |name: &str, text: &str| -> Vec<Option<String>> {
        let reader: Box<dyn BufRead + Send> = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let records = Capture::read(name.into(), reader).unwrap();
        let of = |what| match what {
            Captured::Response { url, .. } => url,
            _ => None,
        };
        records.map(|record| of(record.unwrap().what)).collect()
    };
    let [body, ada, xlm] = [
        "7 {\"lastUpdateId\":5,\"bids\":[]}\n",
        "7 {\"stream\":\"adausdt@depth\",\"data\":{}}\n",
        "7 {\"stream\":\"xlmusdt@depth\",\"data\":{}}\n",
    ];
    let asked = Some("depth?symbol=ADAUSDT".to_owned());
    for name in ["x/adausdt_20240808.gz", "ADAUSDT.txt", "adausdt"] {
        let text = [body, ada, body, ada, body].concat();
        assert_eq!(urls(name, &text), [None, None, asked.clone(), None, asked.clone()], "{name}");
        assert_eq!(urls(name, &[ada, xlm, body, ada, body].concat()), [(); 5].map(|()| None));
        assert_eq!(urls(name, &[xlm, body, ada, body].concat()), [(); 4].map(|()| None));
    }
    for name in ["a.txt", "adausdtx.txt", "xlmusdt.txt"] {
        assert_eq!(urls(name, &[ada, body].concat()), [None, None], "{name}");
    }
}

#[test]
fn binary_messages_are_unpacked() {
    let told = r#"{"table":"spot/trade","data":[]}"#;
    let as_python = |bytes: &[u8]| {
        let inside: String = bytes
            .iter()
            .map(|byte| match byte {
                b'\n' => "\\n".to_owned(),
                b'\\' | b'\'' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                other => format!("\\x{other:02x}"),
            })
            .collect();
        format!("1.5: b'{inside}'\n")
    };
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(told.as_bytes()).unwrap();
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zipped.write_all(told.as_bytes()).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(told.as_bytes()).unwrap();

    for bytes in [
        deflated.finish().unwrap(),
        zipped.finish().unwrap(),
        zlib.finish().unwrap(),
        told.as_bytes().to_vec(),
    ] {
        let record = read(as_python(&bytes).as_bytes()).remove(0).unwrap();
        assert_eq!(record, message(1_500_000_000, told));
    }
    for text in ["1.5: b'\\xZZ'\n", "1.5: b'\n", "1.5: b'\\q'\n", "1.5: b'\\xff\\xfe'\n"] {
        assert!(read(text.as_bytes()).remove(0).is_err(), "{text}");
    }
}
