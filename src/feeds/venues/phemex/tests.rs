//! Frames of Phemex, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::Line;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"book":{"asks":[[87705000,1000000],[87710000,200000]],"bids":[[87700000,2000000]]},"depth":30,"sequence":100,"symbol":"BTCUSD","timestamp":1580000000000000001,"type":"snapshot"}"#,
    r#"{"book":{"asks":[],"bids":[[87700000,0]]},"depth":30,"sequence":105,"symbol":"BTCUSD","timestamp":1580000000100000002,"type":"incremental"}"#,
    r#"{"depth":30,"dts":1,"mts":1,"orderbook_p":{"asks":[["20702.9","0.718"]],"bids":[["20701.3","0"]]},"sequence":77668172,"symbol":"ETHUSDT","timestamp":1666854171201355264,"type":"incremental"}"#,
    r#"{"sequence":1167852,"symbol":"sBTCUSDT","trades":[[1573716998128563500,"Buy",867350000000,3500000],[1573716995033683000,"Sell",867345000000,110000]],"type":"snapshot"}"#,
    r#"{"sequence":77702250,"symbol":"ETHUSDT","trades_p":[[1666856062351916300,"Sell","20700.5","0.001"]],"type":"incremental"}"#,
    r#"{"kline":[[1590019200,60,93165000,93170000,93180000,93160000,93165000,121,129]],"sequence":1,"symbol":"BTCUSD","type":"incremental"}"#,
    r#"{"error":null,"id":0,"result":{"book":{"asks":[[87705000,1]],"bids":[]},"depth":30,"sequence":455476965,"timestamp":1583555482434235628,"symbol":"BTCUSD","type":"snapshot"}}"#,
    r#"{"code":0,"msg":"","data":{"currencies":[{"currency":"BTC","valueScale":8}],"products":[{"symbol":"BTCUSD","type":"Perpetual","contractUnderlyingAssets":"USD","quoteCurrency":"USD","contractSize":1.0,"lotSize":1,"tickSize":0.5,"priceScale":4},{"symbol":"sBTCUSDT","type":"Spot","baseCurrency":"BTC","quoteCurrency":"USDT","priceScale":8,"baseTickSize":"0.000001 BTC","quoteTickSize":"0.01 USDT"}],"perpProductsV2":[{"symbol":"ETHUSDT","type":"PerpetualV2","baseCurrency":"ETH","quoteCurrency":"USDT","tickSize":"0.01","priceScale":0,"qtyStepSize":"0.01"}]}}"#,
    r#"{"error":null,"id":1,"result":"pong"}"#,
    r#"{"tick":{"last":93385362,"scale":4,"symbol":".BTC","timestamp":1590028800000000000}}"#,
    r#"{"tick_p":{"last":"20639.3","symbol":".BTCUSDT","timestamp":1666861643361411900}}"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Phemex, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Phemex, text: &str) -> Vec<Event> {
    let given = taken(adapter, Frame::Message(text)).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

/// Rows as `price qty` texts.
fn rows(event: &Event) -> [Vec<String>; 2] {
    let (Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. }) = &event.body
    else {
        panic!("no book: {event:?}")
    };
    [bids, asks].map(|side| side.iter().map(|(price, qty)| format!("{price} {qty}")).collect())
}

/// Id, price and quantity of each trade.
fn prints(events: &[Event]) -> Vec<[String; 3]> {
    let print = |event: &Event| match &event.body {
        Body::Trade(trade) => {
            [trade.trade_id.to_string(), trade.price.to_string(), trade.qty.to_string()]
        }
        _ => panic!("no trade: {event:?}"),
    };
    events.iter().map(print).collect()
}

#[test]
fn integers_are_read_by_the_scale_of_their_product() {
    let mut phemex = Phemex::new();
    let given = events(&mut phemex, SAMPLES[0]);
    assert_eq!((given[0].seq, given[0].prev_seq), (Some(100), None));
    assert_eq!(given[0].ts_event, 1_580_000_000_000_000_001);
    let asks = vec!["8770.5000 1000000".to_owned(), "8771.0000 200000".to_owned()];
    assert_eq!(rows(&given[0]), [vec!["8770.0000 2000000".to_owned()], asks]);
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));

    let given = events(&mut phemex, SAMPLES[3]);
    assert_eq!(prints(&given)[0][1..], ["8673.45000000", "0.00110000"]);

    // A list of products tells otherwise.
    let list = r#"{"code":0,"data":{"currencies":[],"products":[{"symbol":"BTCUSD","priceScale":2,"tickSize":5.0e-1,"lotSize":1}]}}"#;
    let given = taken(&mut phemex, Frame::Response { url: None, body: list }).unwrap();
    let Body::Instrument(definition) = &given[0].1.body else { panic!("{given:?}") };
    assert_eq!(definition.tick_size.to_string(), "0.5");
    let given = events(&mut phemex, SAMPLES[1]);
    assert_eq!(rows(&given[0])[0], ["877000.00 0"]);
    assert!(matches!(given[0].body, Body::BookDelta { .. }));
}

#[test]
fn products_are_defined_each_by_its_own_fields() {
    let body = SAMPLES[7];
    let given = taken(&mut Phemex::new(), Frame::Response { url: None, body }).unwrap();
    let told: Vec<_> = given
        .iter()
        .map(|(instrument, event)| match &event.body {
            Body::Instrument(of) => {
                (instrument.as_str(), of.tick_size.to_string(), of.lot_size.to_string())
            }
            _ => panic!("{event:?}"),
        })
        .collect();

    let wanted = [
        ("PHEMEX:BTCUSD", "0.5", "1"),
        ("PHEMEX:sBTCUSDT", "0.01", "0.000001"),
        ("PHEMEX:ETHUSDT", "0.01", "0.01"),
    ];
    assert_eq!(told, wanted.map(|(name, tick, lot)| (name, tick.to_owned(), lot.to_owned())));
}

#[test]
fn trades_are_given_oldest_first_and_told_again_keep_their_ids() {
    let mut phemex = Phemex::new();
    let history = r#"{"sequence":9,"symbol":"YFIUSD","trades":[[30,"Buy",329915000,3],[20,"Sell",329365000,2],[20,"Buy",329365000,1]],"type":"snapshot"}"#;
    let once = events(&mut phemex, history);
    let told = prints(&once);
    let wanted = [["~20.0", "1"], ["~20.1", "2"], ["~30.0", "3"]];
    assert_eq!(told.iter().map(|[id, _, qty]| [id, qty.as_str()]).collect::<Vec<_>>(), wanted);
    assert_eq!(told[0][1], "32936.5000");
    let taker = |event: &Event| match &event.body {
        Body::Trade(trade) => trade.aggressor,
        _ => None,
    };
    assert_eq!(once.iter().map(taker).collect::<Vec<_>>()[1], Some(Aggressor::Sell));

    let live = history
        .replace("snapshot", "incremental")
        .replace(r#",[20,"Sell",329365000,2],[20,"Buy",329365000,1]"#, "");
    assert_eq!(prints(&events(&mut phemex, &live))[0][0], "~30.1");
    taken(&mut phemex, Frame::Lost).unwrap();
    assert_eq!(events(&mut phemex, history), once);
    // Two were told of that time, whatever the history told again.
    assert_eq!(prints(&events(&mut phemex, &live))[0][0], "~30.2");
}

#[test]
fn hedged_perpetuals_keep_the_venues_text() {
    let mut phemex = Phemex::new();
    let given = events(&mut phemex, SAMPLES[2]);
    assert_eq!(rows(&given[0]), [vec!["20701.3 0".to_owned()], vec!["20702.9 0.718".to_owned()]]);
    let given = events(&mut phemex, SAMPLES[4]);
    assert_eq!(prints(&given), [["~1666856062351916300.0", "20700.5", "0.001"]]);
}

#[test]
fn a_rest_body_holds_the_same_message() {
    let mut phemex = Phemex::new();
    let given = taken(&mut phemex, Frame::Response { url: None, body: SAMPLES[6] }).unwrap();

    assert_eq!(given[0].0.as_str(), "PHEMEX:BTCUSD");
    assert_eq!(rows(&given[0].1)[1], ["8770.5000 1"]);
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut phemex = Phemex::new();
    for text in [
        r#"{"error":null,"id":1,"result":{"status":"success"}}"#,
        r#"{"error":null,"id":1,"result":"pong"}"#,
        SAMPLES[5],
        SAMPLES[9],
        SAMPLES[10],
        r#"{"market24h":{"close":87425000,"symbol":"BTCUSD"},"timestamp":1583551223423468000}"#,
        r#"{"data":[["BTCUSDT","1"]],"fields":["symbol"],"method":"perp_market24h_pack_p.update","type":"incremental"}"#,
    ] {
        assert_eq!(events(&mut phemex, text), [], "{text}");
    }
    assert!(taken(&mut phemex, Frame::Connected).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut phemex = Phemex::new();
    let (book, trades) = (SAMPLES[0], SAMPLES[3]);
    for text in [
        String::new(),
        "5".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"foo":1}"#.to_owned(),
        book.replace("87705000", "8770.5"),
        book.replace("200000]", "-200000]"),
        book.replace("\"snapshot\"", "\"other\""),
        book.replace("\"sequence\":100,", ""),
        book.replace("1580000000000000001", "9580000000000000001"),
        book.replace("BTCUSD", "BTC USD"),
        trades.replace("Sell", "Sold"),
        trades.replace("110000]", "0]"),
        trades.replace("867345000000", "867345000000000000000000"),
        SAMPLES[4].replace("0.001", "0"),
        SAMPLES[2].replace("0.718", "0.7.18"),
    ] {
        assert!(taken(&mut phemex, Frame::Message(&text)).is_err(), "{text}");
    }
    let refusal = r#"{"error":{"code":6001,"message":"invalid argument"},"id":1,"result":null}"#;
    let refused = taken(&mut phemex, Frame::Message(refusal));
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "6001 invalid argument"));
    let body = r#"{"code":10500,"msg":"missing symbol","data":null}"#;
    assert!(taken(&mut phemex, Frame::Response { url: None, body }).is_err());

    assert!(taken(&mut phemex, Frame::Lost).unwrap().is_empty(), "nothing was listed");
    assert_eq!(events(&mut phemex, book), events(&mut Phemex::new(), book));
}

#[test]
fn klines_are_read_with_the_same_scales() {
    let mut klines = Klines::default();
    let mut out = Vec::new();
    klines.take(Frame::Message(SAMPLES[5]), &mut out).unwrap();
    klines.take(Frame::Message(SAMPLES[0]), &mut out).unwrap();
    let text = r#"{"kline_p":[[1666856100,60,"1","2","4","1.5","3","0.5","1"],[1666856040,60,"1","1","1","1","1","0","0"]],"symbol":"ETHUSDT","type":"snapshot"}"#;
    klines.take(Frame::Message(text), &mut out).unwrap();

    let told: Vec<_> = out
        .iter()
        .map(|(instrument, candle)| {
            let numbers = candle.prices.map(|price| price.to_string()).join(" ");
            format!("{instrument} {numbers} {} {}", candle.volume, candle.is_running)
        })
        .collect();
    assert_eq!(
        told,
        [
            "PHEMEX:BTCUSD 9317.0000 9318.0000 9316.0000 9316.5000 121 true",
            "PHEMEX:ETHUSDT 1 1 1 1 0 false",
            "PHEMEX:ETHUSDT 2 4 1.5 3 0.5 true",
        ]
    );
    assert_eq!((out[0].1.start, out[0].1.length), (1_590_019_200_000_000_000, 60_000_000_000));
}

#[test]
fn each_family_is_asked_for_on_its_own_channel() {
    let symbols = ["BTCUSD", "sBTCUSDT", "BTCUSDT", "u1000PEPEUSDT"].map(str::to_owned);
    let said = Gateway::default().subscribe(&symbols);

    assert_eq!(said[0], r#"{"id":1,"method":"trade.subscribe","params":["BTCUSD"]}"#);
    assert_eq!(said[5], r#"{"id":6,"method":"orderbook.subscribe","params":["sBTCUSDT"]}"#);
    assert_eq!(said[6], r#"{"id":7,"method":"orderbook_p.subscribe","params":["BTCUSDT"]}"#);
    assert!(said[3].contains("trade_p.subscribe"), "{}", said[3]);
}
