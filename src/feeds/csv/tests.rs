//! Rows as vendors write them.

use std::io::Write;
use std::path::PathBuf;

use super::*;
use crate::domain::market::{Aggressor, Body, Event, Instrument};
use crate::feeds::replay::FeedError;

fn layout(columns: &str, time: &str) -> Layout {
    Layout {
        instrument: Instrument::parse("COINBASE:BTC-USD").unwrap(),
        columns: columns.parse().unwrap(),
        has_header: true,
        delimiter: b',',
        time: time.parse().unwrap(),
        zone: "UTC".parse().unwrap(),
        price_scale: None,
        qty_scale: None,
        side_is_maker: false,
        sessions: Sessions::default(),
        newest_first: false,
    }
}

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn read(layout: &Layout, files: &[PathBuf]) -> Result<(Vec<Event>, Passed), FeedError> {
    let mut events = Vec::new();
    let passed = super::play::read(layout, None, files, |event| {
        events.push(event);
        Ok(())
    })?;
    Ok((events, passed))
}

/// Each trade as a line: time, id, price, quantity, who took.
fn trades(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match &event.body {
        Body::Trade(trade) => {
            let side = trade.aggressor.map_or("-", Aggressor::name);
            format!("{} {} {} {} {side}", event.ts_event, trade.trade_id, trade.price, trade.qty)
        }
        body => panic!("{body:?}"),
    };
    events.iter().map(line).collect()
}

const TRADES: &str = "time,trade_id,price,size,side\n\
    2016-10-07T00:00:01.000001Z,101,617.10000000,0.01000000,buy\n\
    2016-10-07T00:00:02Z,102,617.2,1,sell\n\
    2016-10-07T00:00:02Z,103,617.2,0,sell\n\
    yesterday,104,617.2,1,sell\n\
    2016-10-07T00:00:03Z,105,6e2,1,sell\n\
    2016-10-07T00:00:03Z,106,617.3\n\
    2016-10-07T00:00:03Z,107,617.3,2,both\n\
    2016-10-07T00:00:03Z,,617.3,2,buy\n\
    2016-10-07T00:00:04Z,108,617.3,2,\n";

#[test]
fn trades_keep_their_text_and_bad_rows_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=time,price=price,qty=size,side=side,id=trade_id", "rfc3339");
    let files = [file(&dir, "trades.csv", TRADES)];
    let (events, passed) = read(&layout, &files).unwrap();

    assert_eq!(passed, Passed { rows: 9, events: 4, outside: 0, bad: 5 });
    assert_eq!(
        trades(&events),
        [
            "1475798401000001000 101 617.10000000 0.01000000 buy",
            "1475798402000000000 102 617.2 1 sell",
            "1475798403000000000 105 600 1 sell",
            "1475798404000000000 108 617.3 2 -",
        ]
    );
}

#[test]
fn without_ids_trades_are_named_by_time_and_counter_also_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut layout = layout("time=1,price=2,qty=3,side=4", "s");
    (layout.has_header, layout.newest_first, layout.delimiter) = (false, true, b';');
    layout.side_is_maker = true;
    // Coinbase's side is that of the resting order, and its pages have the newest trade first.
    let text = "1475798402.5;617.2;3;buy\n1475798402.5;x;3;buy\n1475798402.5;617.1;2;sell\n\
        1475798401.000000001;617;1;sell\n";
    let (events, passed) = read(&layout, &[file(&dir, "page.csv", text)]).unwrap();

    assert_eq!(passed, Passed { rows: 4, events: 3, outside: 0, bad: 1 });
    assert_eq!(
        trades(&events),
        [
            "1475798401000000001 ~1475798401000000001.0 617 1 buy",
            "1475798402500000000 ~1475798402500000000.0 617.1 2 buy",
            "1475798402500000000 ~1475798402500000000.1 617.2 3 sell",
        ]
    );
}

#[test]
fn numbers_may_have_an_exponent_or_a_bare_point() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=t,price=p,qty=q", "s");
    let text = "t,p,q\n1,1e-05,.5\n1,5.,1.5E+3\n1,-.25,5.e1\n1,.,1\n1,1e,1\n1,.5.,1\n1,1,nan\n";
    let (events, passed) = read(&layout, &[file(&dir, "e.csv", text)]).unwrap();

    assert_eq!((passed.events, passed.bad), (3, 4));
    assert_eq!(
        trades(&events),
        [
            "1000000000 ~1000000000.0 0.00001 0.5 -",
            "1000000000 ~1000000000.1 5 1500 -",
            "1000000000 ~1000000000.2 -0.25 50 -",
        ]
    );
}

#[test]
fn sides_are_words_or_the_numbers_of_fix() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=t,price=p,qty=q,side=s", "s");
    let text = "t,p,q,s\n1,1,1,1\n1,1,1,2\n1,1,1,B\n1,1,1,-1\n";
    let (events, _) = read(&layout, &[file(&dir, "s.csv", text)]).unwrap();

    let sides: Vec<String> =
        trades(&events).iter().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(sides, ["buy", "sell", "buy", "sell"]);
}

#[test]
fn an_empty_file_has_no_rows() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=t,price=p,qty=q", "s");
    let files = [file(&dir, "a.csv", ""), file(&dir, "b.csv", "t,p,q\n1,1,1\n")];
    let (events, passed) = read(&layout, &files).unwrap();

    assert_eq!((events.len(), passed.rows), (1, 1));
}

#[test]
fn what_a_damaged_file_holds_in_front_of_the_damage_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=t,price=p,qty=q", "s");
    let rows: String =
        (0..2_000).map(|at| format!("{at},{at}.5,{}\n", at * 7919 % 1_000 + 1)).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("t,p,q\n{rows}").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let cut = dir.path().join("cut.csv.gz");
    std::fs::write(&cut, &packed[..packed.len() - 20]).unwrap();
    let mut events = 0;
    let error = super::play::read(&layout, None, &[cut], |_| {
        events += 1;
        Ok(())
    });
    assert!(error.is_err());
    assert!(1_000 < events, "{events}");
}

#[test]
fn scaled_integers_are_exact() {
    let dir = tempfile::tempdir().unwrap();
    let mut layout = layout("time=t,price=p,qty=q", "ms");
    (layout.price_scale, layout.qty_scale) = (Some(4), Some(0));
    let text = "t,p,q\n1381152600000,5000900,100\n1381152600001,12.5,100\n1381152600001,1,1.5\n";
    let (events, passed) = read(&layout, &[file(&dir, "equity.csv", text)]).unwrap();

    assert_eq!((passed.events, passed.bad), (1, 2));
    assert_eq!(trades(&events), ["1381152600000000000 ~1381152600000000000.0 500.0900 100 -"]);
}

#[test]
fn quotes_may_lack_a_side_or_quantities() {
    let dir = tempfile::tempdir().unwrap();
    let layout = layout("time=t,bid=b,ask=a,ask_qty=as", "us");
    let text = "t,b,a,as\n1,1.5,1.6,7\n2,,1.6,\n3,1.5,-1,-1\n4,NaN,1.6,null\n5,null,None,\n";
    let (events, passed) = read(&layout, &[file(&dir, "q.csv", text)]).unwrap();
    let told: Vec<String> = events
        .iter()
        .map(|event| match &event.body {
            Body::Quote { bid, ask } => {
                let side = |at: &Option<_>| {
                    at.map_or("-".to_owned(), |(price, qty)| format!("{qty}@{price}"))
                };
                format!("{} {}", side(bid), side(ask))
            }
            body => panic!("{body:?}"),
        })
        .collect();

    assert_eq!(told, ["0@1.5 7@1.6", "- 0@1.6", "- 0@1.6", "- -"]);
    assert_eq!(passed.bad, 1);
}

#[test]
fn only_the_sessions_of_the_zones_wall_clock_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut layout = layout("time=t,price=p,qty=q", "%Y-%m-%d %H:%M:%S%.f");
    layout.zone = "America/New_York".parse().unwrap();
    layout.sessions = "09:30-16:00".parse::<Sessions>().unwrap().on("mon-fri").unwrap();
    // Winter, summer, the first minute behind the end, a Saturday.
    let text = "t,p,q\n2024-01-03 09:30:00.000,1,1\n2024-07-03 15:59:59.999,2,1\n\
        2024-07-03 16:00:00,3,1\n2024-07-06 12:00:00,4,1\n2024-07-03 09:29:59.999,5,1\n";
    let (events, passed) = read(&layout, &[file(&dir, "s.csv", text)]).unwrap();

    assert_eq!(passed, Passed { rows: 5, events: 2, outside: 3, bad: 0 });
    let times: Vec<i64> = events.iter().map(|event| event.ts_event).collect();
    assert_eq!(times, [1_704_292_200_000_000_000, 1_720_036_799_999_000_000]);
}

#[test]
fn a_session_may_go_on_behind_midnight() {
    let sessions: Sessions = "17:00-16:00".parse().unwrap();
    let at = |hour, minute| jiff::civil::date(2024, 7, 3).at(hour, minute, 0, 0);
    assert!(sessions.holds(at(17, 0)) && sessions.holds(at(3, 0)) && sessions.holds(at(15, 59)));
    assert!(!sessions.holds(at(16, 0)) && !sessions.holds(at(16, 59)));
    for wrong in ["", "9:30-16:00", "09:30", "09:30-25:00", "09:60-10:00", "10:00-10:00"] {
        assert!(wrong.parse::<Sessions>().is_err(), "{wrong:?}");
    }
    assert!(Sessions::default().on("mon,funday").is_err());
}

#[test]
fn times_of_day_stand_on_the_files_date() {
    let zone: Zone = "-05:00".parse().unwrap();
    let form: TimeForm = "ms_of_day".parse().unwrap();
    let date = date_of("20140501_eurusd_tick.csv.gz");

    assert_eq!(form.read("1787", &zone, date), Some(1_398_920_401_787_000_000));
    assert_eq!(form.read("86400000", &zone, date), None);
    assert_eq!(form.read("1", &zone, None), None);
    let clock: TimeForm = "%H:%M:%S".parse().unwrap();
    assert_eq!(clock.read("00:00:01", &zone, date), Some(1_398_920_401_000_000_000));
    // An offset or a zone in the text goes before the one that was told.
    let offset: TimeForm = "%F %T %z".parse().unwrap();
    assert_eq!(offset.read("1970-01-01 02:00:00 +0200", &zone, None), Some(0));
    let named: TimeForm = "%F %T %Q".parse().unwrap();
    assert_eq!(named.read("1969-12-31 19:00:00 America/New_York", &zone, None), Some(0));
}

#[test]
fn a_name_tells_its_date() {
    let told = |name: &str| date_of(name).map(|date| date.to_string());
    assert_eq!(told("BTCUSDT-trades-2024-03-01.csv").as_deref(), Some("2024-03-01"));
    assert_eq!(told("es_2024_03_01.csv").as_deref(), Some("2024-03-01"));
    assert_eq!(told("v2_20140501_x.csv").as_deref(), Some("2014-05-01"));
    for none in ["ticks.csv", "20141301.csv", "201405012.csv", "2024-03.csv"] {
        assert_eq!(told(none), None, "{none}");
    }
}

#[test]
fn zones_and_forms_that_there_are_not_are_told() {
    for wrong in ["-5:00", "+25:99", "Mars/Olympus", ""] {
        assert!(wrong.parse::<Zone>().is_err(), "{wrong:?}");
    }
    for wrong in ["iso", "%!", "%s", ""] {
        assert!(wrong.parse::<TimeForm>().is_err(), "{wrong:?}");
    }
}

#[test]
fn columns_make_trades_or_quotes() {
    let kind = |text: &str| text.parse::<Columns>().map(|columns| columns.kind().unwrap());
    assert_eq!(kind("time=t,price=p,qty=q"), Ok(Kind::Trade));
    assert_eq!(kind("time=t,ask=a"), Ok(Kind::Quote));
    assert_eq!(kind("time=t,price=p"), Err(LayoutError::Kind));
    assert_eq!(kind("time=t,price=p,qty=q,bid=b"), Err(LayoutError::Kind));
    assert_eq!(kind("price=p,qty=q"), Err(LayoutError::Kind));
    assert_eq!(kind("time=t,prize=p"), Err(LayoutError::Column("prize".into())));
    assert_eq!(kind("time=t,time=p"), Err(LayoutError::Column("time".into())));
    assert_eq!(kind("time"), Err(LayoutError::Form("time".into())));
}

#[test]
fn a_file_without_the_column_is_refused_before_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let gz = dir.path().join("x.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(
        std::fs::File::create(&gz).unwrap(),
        flate2::Compression::fast(),
    );
    packed.write_all(TRADES.as_bytes()).unwrap();
    packed.finish().unwrap();
    let wrong = layout("time=time,price=prize,qty=size", "rfc3339");
    let error = read(&wrong, std::slice::from_ref(&gz)).unwrap_err().to_string();
    assert!(error.ends_with("the header line has no \"prize\""), "{error}");
    let right = layout("time=time,price=price,qty=size,id=trade_id", "rfc3339");
    assert_eq!(read(&right, std::slice::from_ref(&gz)).unwrap().1.events, 5);
    let no_date = layout("time=time,price=price,qty=size", "ms_of_day");
    let error = read(&no_date, &[gz]).unwrap_err().to_string();
    assert!(error.contains("no date"), "{error}");
}
