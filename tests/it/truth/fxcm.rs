//! FXCM's ticks of EUR/USD, read as a vendor's CSV, against the vendor's own bars.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use tickwire::domain::market::{Body, Decimal, Event, Instrument};
use tickwire::feeds::csv::{Layout, Row, RowReader, Rows, Sessions};

use super::files;

const FXCM: &str = "fx-fxcm-eurusd-201405";
const MINUTE_NS: i64 = 60_000_000_000;
/// The days with ticks, and how many the README counts.
const DAYS: [(&str, usize); 8] = [
    ("20140501", 51_053),
    ("20140502", 96_406),
    ("20140504", 8_025),
    ("20140505", 58_143),
    ("20140506", 102_682),
    ("20140507", 89_504),
    ("20140508", 167_466),
    ("20140509", 102_122),
];

fn layout() -> Layout {
    Layout {
        instrument: Instrument::parse("FXCM:EURUSD").unwrap(),
        columns: "time=ms_of_day,bid=bid,ask=ask".parse().unwrap(),
        has_header: true,
        delimiter: b',',
        time: "ms_of_day".parse().unwrap(),
        zone: "-05:00".parse().unwrap(),
        price_scale: None,
        qty_scale: None,
        side_is_maker: false,
        sessions: Sessions::default(),
        newest_first: false,
    }
}

fn quotes(file: &Path) -> Vec<Event> {
    let layout = layout();
    let mut reader = RowReader::new(&layout).unwrap();
    let rows = Rows::open(file, &layout, None).unwrap();
    reader.begin(rows.places, rows.date);
    let mut events = Vec::new();
    for line in rows {
        let (line, cells) = line.unwrap();
        let cells = cells.unwrap();
        match reader.take(|at| cells.get(at)) {
            Ok(Row::Event(event)) => events.push(event),
            other => panic!("line {line}: {other:?}"),
        }
    }
    events
}

/// Open, high, low, close of one side, exact.
type Bar = [i64; 4];

fn bars(events: &[Event], side: usize) -> BTreeMap<i64, Bar> {
    let mut bars: BTreeMap<i64, Bar> = BTreeMap::new();
    for event in events {
        let Body::Quote { bid, ask } = &event.body else { panic!("{event:?}") };
        let price = [bid, ask][side].unwrap().0.at(9).unwrap();
        let bar = bars.entry(event.ts_event.div_euclid(MINUTE_NS)).or_insert([price; 4]);
        *bar = [bar[0], bar[1].max(price), bar[2].min(price), price];
    }
    bars
}

#[test]
fn the_vendors_minutes_are_those_of_its_ticks() {
    let names = DAYS.map(|(day, _)| format!("{day}_eurusd_tick.csv.gz"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(ticks) = files(FXCM, &names) else { return };
    let mut compared = 0;
    for ((day, count), file) in DAYS.into_iter().zip(&ticks) {
        let events = quotes(file);
        assert_eq!(events.len(), count, "{day}");
        let minutes = file.with_file_name(format!("{day}_eurusd_minute.csv.gz"));
        let mut text = String::new();
        let opened = std::fs::File::open(minutes).unwrap();
        flate2::read::GzDecoder::new(opened).read_to_string(&mut text).unwrap();
        let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        // The zone is UTC-05:00 all year: midnight there is five o'clock.
        let midnight: jiff::Timestamp =
            format!("{}-{}-{}T05:00:00Z", &day[..4], &day[4..6], &day[6..]).parse().unwrap();
        let first = midnight.as_second() / 60;
        for (side, prefix) in ["bid", "ask"].into_iter().enumerate() {
            let mut ours = bars(&events, side);
            for line in text.lines().skip(1) {
                let cells: Vec<&str> = line.split(',').collect();
                let cell = |name: &str| {
                    let at = header.iter().position(|held| *held == name);
                    cells[at.unwrap_or_else(|| panic!("no {name} in {header:?}"))]
                };
                let minute = first + cell("ms_of_day").parse::<i64>().unwrap() / 60_000;
                let theirs = ["open", "high", "low", "close"].map(|field| {
                    Decimal::parse(cell(&format!("{prefix}_{field}"))).unwrap().at(9).unwrap()
                });
                assert_eq!(ours.remove(&minute), Some(theirs), "{day} {prefix} {minute}");
                compared += 1;
            }
            assert!(ours.is_empty(), "{day}: minutes that the vendor has not: {ours:?}");
        }
    }
    println!("{compared} bars of both sides equal");
    assert_eq!(compared, 2 * 9_590);
}
