//! The venue itself: a recording that goes on under the test's hand, and its true books.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tickwire::domain::market::{Body, Event, Instrument, Market, Moment, Policy};
use tickwire::feeds::capture::{self, Captured};
use tickwire::feeds::venues::{Adapter, Frame, adapter_for};
use tokio::sync::mpsc::UnboundedSender;

use super::dialect::{Dialect, Said};
use super::walk;

/// Prices and quantities of the best levels, without trailing zeros.
pub type Top = [Vec<(Plain, Plain)>; 2];

/// A mantissa and its decimals, the fewest that hold it.
pub type Plain = (i64, u8);

fn plain(mut mantissa: i64, mut exp: u8) -> Plain {
    while 0 < exp && mantissa % 10 == 0 {
        (mantissa, exp) = (mantissa / 10, exp - 1);
    }
    (mantissa, exp)
}

/// The twenty best levels of both sides.
pub fn top(market: &Market) -> Top {
    let top = market.book().top(20);
    [top.bids, top.asks].map(|side| {
        let level = |(price, qty)| (plain(price, market.price_exp()), plain(qty, market.qty_exp()));
        side.into_iter().map(level).collect()
    })
}

/// Folds one event as the hub does.
pub fn fold(market: &mut Market, event: &Event) -> tickwire::domain::market::Changes {
    let admission = market.admit(std::slice::from_ref(event)).unwrap();
    market.accept(admission);
    market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new())
}

/// One message of the recording.
pub struct Message {
    pub text: String,
    /// Whose it is; none where it is everybody's.
    pub symbol: Option<String>,
    /// Its changes of the book, their checksum.
    pub is_change: bool,
    pub checksum: Option<i64>,
}

/// What goes to a client's socket.
#[derive(Clone)]
pub enum Out {
    Text(String),
    Binary(Vec<u8>),
    /// A text frame that holds these bytes.
    Letters(Vec<u8>),
    /// Bytes on the TCP connection that are no whole frame, and then its end.
    Close,
}

/// What a REST answer is made to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestFault {
    /// The book as it was when the recording began to be played.
    Stale,
    /// The book as it was before its last change.
    Lagging,
    /// 429 with `Retry-After: 1`.
    TooMany,
    /// The connection ends in mid-body.
    Cut,
}

/// What a snapshot on the socket is made to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotFault {
    /// Half of it, and the socket is closed.
    Cut,
    /// None, though the changes after it come.
    Withheld,
    /// One with another checksum.
    WrongChecksum,
}

/// One open socket.
pub struct Client {
    /// Which one, of all that there were.
    socket: usize,
    outs: UnboundedSender<Out>,
    /// The symbols whose messages it gets.
    followed: BTreeSet<String>,
    /// Of the last message on it, where they are numbered.
    number: u64,
}

pub struct State {
    pub messages: VecDeque<Message>,
    /// The true books now, and when playing began.
    pub books: BTreeMap<String, Market>,
    stale: BTreeMap<String, Market>,
    /// The books before their last changes, while a server lags.
    lagging: BTreeMap<String, Market>,
    adapter: Box<dyn Adapter + Send>,
    /// All tops that a book had, in order; by venue number where there are numbers.
    pub tops: BTreeMap<String, Vec<(Option<u64>, Top)>>,
    /// The sockets that are open, the oldest first.
    pub clients: Vec<Client>,
    /// What becomes of the next answers, and of which symbol's.
    pub rest_faults: VecDeque<(String, RestFault)>,
    /// What becomes of the next snapshot on the socket.
    pub snapshot_fault: Option<SnapshotFault>,
    pub accepts: bool,
    pub sockets: usize,
    pub questions: usize,
}

#[derive(Clone)]
pub struct Venue {
    pub dialect: Arc<dyn Dialect>,
    pub state: Arc<Mutex<State>>,
}

impl Venue {
    /// The recording, played up to where all books stand.
    pub fn new(dialect: Arc<dyn Dialect>) -> Option<Self> {
        let files = dialect.files()?;
        let (name, prefix) = dialect.venue();
        let mut adapter = adapter_for(name).unwrap();
        let (mut books, mut texts) = (BTreeMap::new(), Vec::new());
        let wanted: BTreeSet<&str> = dialect.symbols().iter().copied().collect();
        let symbol_of = |instrument: &Instrument| {
            let symbol = instrument.as_str().split_once(':').unwrap().1;
            wanted.contains(symbol).then(|| symbol.to_owned())
        };
        assert_eq!(prefix, venue_prefix(name));
        let mut all_stand = false;
        let mut events = Vec::new();
        for record in capture::merge(&files).unwrap().take(dialect.records_max()) {
            let record = record.unwrap();
            if !all_stand {
                adapter.take(record.frame(), record.recv, &mut events).unwrap();
                for (instrument, event) in events.drain(..) {
                    if let Some(symbol) = symbol_of(&instrument) {
                        let market = books.entry(symbol).or_insert_with(|| Market::new("true"));
                        fold(market, &event);
                    }
                }
                let stands = |market: &Market| market.book_state.name() == "live";
                all_stand = books.len() == wanted.len() && books.values().all(stands);
                continue;
            }
            if let Captured::Message(text) = record.what {
                texts.push(text);
            }
        }
        assert!(all_stand, "{name}: not all books come to stand");
        let texts = if dialect.is_walked() {
            let recorded = changes_of(&mut *adapter, &texts, &symbol_of);
            walk::begin(&mut books);
            // What is walked may come by another channel than what was recorded.
            adapter = introduced(&*dialect, &books);
            walk::messages(&*dialect, &books, recorded)
        } else {
            texts.iter().filter_map(|text| dialect.message(text)).collect()
        };
        let message = |text| Message { text, symbol: None, is_change: false, checksum: None };
        let messages = texts.into_iter().map(message).collect();
        let state = State {
            messages,
            stale: books.clone(),
            lagging: books.clone(),
            tops: books
                .iter()
                .map(|(symbol, market)| (symbol.clone(), vec![(seq(market), top(market))]))
                .collect(),
            books,
            adapter,
            clients: Vec::new(),
            rest_faults: VecDeque::new(),
            snapshot_fault: None,
            accepts: true,
            sockets: 0,
            questions: 0,
        };
        let venue = Self { dialect, state: Arc::new(Mutex::new(state)) };
        venue.state.lock().look_ahead(&*venue.dialect, &symbol_of);
        Some(venue)
    }

    /// Plays one message: the truth moves on, and `send` says what the client gets of it.
    pub fn play(&self, send: impl FnOnce(&Message) -> Vec<String>) {
        let mut state = self.state.lock();
        let mut message = state.messages.pop_front().expect("the recording is over");
        state.advance(&message);
        let is_meant = |client: &&mut Client| {
            message.symbol.as_ref().is_none_or(|symbol| client.followed.contains(symbol))
        };
        // A symbol is followed on one socket; what is everybody's goes to all.
        let meant: Vec<&mut Client> = state.clients.iter_mut().filter(is_meant).collect();
        let Some(number) = meant.iter().map(|client| client.number).max() else { return };
        let mut next = number;
        message.text = self.dialect.numbered(message.text.clone(), &mut next);
        let texts = send(&message);
        for client in meant {
            client.number = next;
            texts.iter().for_each(|text| client.send(Out::Text(text.clone())));
        }
    }

    /// A client's message.
    pub fn hear(&self, socket: usize, text: &str) {
        let mut state = self.state.lock();
        let State { clients, books, snapshot_fault, .. } = &mut *state;
        let Some(client) = clients.iter_mut().find(|client| client.socket == socket) else {
            return;
        };
        for said in self.dialect.hear(text) {
            match said {
                Said::Text(text) => {
                    let text = self.dialect.numbered(text, &mut client.number);
                    client.send(Out::Text(text));
                }
                Said::Follow(symbol) => {
                    assert!(books.contains_key(&symbol), "{symbol}");
                    client.followed.insert(symbol);
                }
                Said::Leave(symbol) => {
                    client.followed.remove(&symbol);
                }
                Said::Snapshot(symbol) => {
                    let text = self.dialect.snapshot(&symbol, &books[&symbol]);
                    let text = self.dialect.numbered(text, &mut client.number);
                    match snapshot_fault.take() {
                        None => client.send(Out::Text(text)),
                        Some(SnapshotFault::Cut) => {
                            client.send(Out::Text(text[..text.len() / 2].to_owned()));
                            client.send(Out::Close);
                            return;
                        }
                        Some(SnapshotFault::Withheld) => {}
                        Some(SnapshotFault::WrongChecksum) => {
                            let checksum = self.checksum_of(&text);
                            let text = self.dialect.with_wrong_checksum(&text, checksum);
                            client.send(Out::Text(text));
                        }
                    }
                    client.followed.insert(symbol);
                }
            }
        }
    }

    /// The checksum of a snapshot.
    fn checksum_of(&self, text: &str) -> i64 {
        let (mut adapter, mut events) = (adapter_for(self.dialect.venue().0).unwrap(), Vec::new());
        adapter.take(Frame::Message(text), 1, &mut events).unwrap();
        let checksum = events.iter().find_map(|(_, event)| match &event.body {
            Body::BookSnapshot { checksum, .. } => *checksum,
            _ => None,
        });
        checksum.unwrap().value
    }

    /// The answer to a REST question: status, headers, body, and whether it is cut.
    pub fn answer(&self, path: &str) -> (u16, &'static str, String, bool) {
        let mut state = self.state.lock();
        state.questions += 1;
        let Some(symbol) = self.dialect.asked(path) else {
            return (404, "", "{}".into(), false);
        };
        let is_meant = |(of, _): &mut (String, RestFault)| *of == symbol;
        let fault = state.rest_faults.pop_front_if(is_meant).map(|(_, fault)| fault);
        let book = match fault {
            Some(RestFault::TooMany) => return (429, "Retry-After: 1\r\n", "{}".into(), false),
            Some(RestFault::Stale) => &state.stale[&symbol],
            Some(RestFault::Lagging) => &state.lagging[&symbol],
            _ => &state.books[&symbol],
        };
        (200, "", self.dialect.snapshot(&symbol, book), fault == Some(RestFault::Cut))
    }
}

/// An adapter that has heard what must be before the recording's messages.
fn introduced(dialect: &dyn Dialect, books: &BTreeMap<String, Market>) -> Box<dyn Adapter + Send> {
    let (mut adapter, mut events) = (adapter_for(dialect.venue().0).unwrap(), Vec::new());
    for text in dialect.introductions(books) {
        adapter.take(Frame::Message(&text), 1, &mut events).unwrap();
    }
    adapter
}

/// The changes of the books that are followed, in their order.
fn changes_of(
    adapter: &mut (dyn Adapter + Send),
    texts: &[String],
    symbol_of: &dyn Fn(&Instrument) -> Option<String>,
) -> Vec<walk::Recorded> {
    let (mut events, mut changes) = (Vec::new(), Vec::new());
    for text in texts {
        adapter.take(Frame::Message(text), 1, &mut events).unwrap();
        for (instrument, event) in events.drain(..) {
            if let (Some(symbol), Body::BookDelta { bids, asks, .. }) =
                (symbol_of(&instrument), event.body)
            {
                changes.push((symbol, [bids, asks]));
            }
        }
    }
    changes
}

fn venue_prefix(name: &str) -> &'static str {
    tickwire::feeds::venues::venue(name).unwrap().prefix
}

fn seq(market: &Market) -> Option<u64> {
    market.book().venue_seq()
}

impl Client {
    fn send(&self, out: Out) {
        self.outs.send(out).ok();
    }
}

impl State {
    /// Says something to all.
    pub fn send(&self, out: Out) {
        self.clients.iter().for_each(|client| client.send(out.clone()));
    }

    /// Says something to whoever follows a symbol.
    pub fn send_to(&self, symbol: &str, out: Out) {
        let clients = self.clients.iter().filter(|client| client.followed.contains(symbol));
        clients.for_each(|client| client.send(out.clone()));
    }

    /// Another client on another socket.
    pub fn admit(&mut self, outs: UnboundedSender<Out>, welcome: Option<String>) -> usize {
        self.sockets += 1;
        let client = Client { socket: self.sockets, outs, followed: BTreeSet::new(), number: 0 };
        if let Some(text) = welcome {
            client.send(Out::Text(text));
        }
        self.clients.push(client);
        self.sockets
    }

    /// A socket is closed.
    pub fn dismiss(&mut self, socket: usize) {
        self.clients.retain(|client| client.socket != socket);
    }

    /// Whether somebody hears of each book.
    pub fn is_followed(&self) -> bool {
        let is_followed = |symbol| self.clients.iter().any(|one| one.followed.contains(symbol));
        self.books.keys().all(is_followed)
    }

    /// Whether the changes to come have checksums.
    pub fn has_checksums(&self) -> bool {
        self.messages.iter().any(|message| message.checksum.is_some())
    }

    /// Finds out what each message to come is about.
    fn look_ahead(
        &mut self,
        dialect: &dyn Dialect,
        symbol_of: &dyn Fn(&Instrument) -> Option<String>,
    ) {
        let (mut adapter, mut events) = (introduced(dialect, &self.books), Vec::new());
        for message in &mut self.messages {
            adapter.take(Frame::Message(&message.text), 1, &mut events).unwrap();
            let whose = events.first().map(|(instrument, _)| instrument.clone());
            if let Some(instrument) = whose {
                // Of another symbol: nobody follows it.
                message.symbol = Some(symbol_of(&instrument).unwrap_or_default());
            }
            let standing = message.symbol.as_ref().and_then(|symbol| self.books.get(symbol));
            let at = standing.and_then(seq);
            for (_, event) in events.drain(..) {
                if let Body::BookDelta { checksum, .. } = event.body {
                    message.is_change = true;
                    message.checksum = checksum.map(|checksum| checksum.value);
                    if event.seq.is_some() && event.seq <= at {
                        // The book from which playing goes on holds it already.
                        message.symbol = Some(String::new());
                    }
                }
            }
        }
        self.messages.retain(|message| message.symbol.as_deref() != Some(""));
    }

    fn advance(&mut self, message: &Message) {
        let mut events = Vec::new();
        self.adapter.take(Frame::Message(&message.text), 1, &mut events).unwrap();
        for (instrument, event) in events {
            let symbol = instrument.as_str().split_once(':').unwrap().1;
            let Some(market) = self.books.get_mut(symbol) else { continue };
            if self.rest_faults.iter().any(|(_, fault)| *fault == RestFault::Lagging) {
                self.lagging.insert(symbol.to_owned(), market.clone());
            }
            let changes = fold(market, &event);
            assert!(!changes.gap && changes.checksum != Some(false), "{symbol}: {event:?}");
            if matches!(event.body, Body::BookDelta { .. }) {
                let entry = (seq(market), top(market));
                self.tops.get_mut(symbol).unwrap().push(entry);
            }
        }
    }
}
