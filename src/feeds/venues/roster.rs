//! The instruments an adapter has heard of, each with the greatest venue time it gave.

use std::collections::{BTreeSet, HashMap};

use super::FrameError;
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// The most instruments one adapter keeps; no venue here lists more on one market.
pub(super) const INSTRUMENTS_MAX: usize = 4_096;

/// One instrument, and what its venue's protocol needs remembered of it.
#[derive(Debug)]
pub(super) struct Listed<S> {
    /// Its name.
    pub instrument: Instrument,
    /// What is remembered.
    pub state: S,
    latest: Option<Nanos>,
}

/// All instruments of one adapter, by the venue's symbol.
#[derive(Debug)]
pub(super) struct Roster<S> {
    venue: &'static str,
    /// In the order in which they were first heard of.
    listed: Vec<Listed<S>>,
    places: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
}

impl<S> Listed<S> {
    /// An event of this instrument at the venue's time `at`, or, where the frame has none, at the
    /// greatest before it (before any: its receive time).
    pub fn event(&mut self, at: Option<Nanos>, recv: Nanos, body: Body) -> Event {
        self.latest = self.latest.max(at);
        Event {
            ts_event: at.or(self.latest).unwrap_or(recv.max(0)),
            ts_recv: (0 < recv).then_some(recv),
            seq: None,
            prev_seq: None,
            body,
        }
    }
}

impl<S: Default> Roster<S> {
    /// An empty roster of the venue with that name in instruments.
    pub fn new(venue: &'static str) -> Self {
        Self { venue, listed: Vec::new(), places: HashMap::default() }
    }

    /// The instrument of a symbol, listed from here on.
    pub fn get(&mut self, symbol: &str) -> Result<&mut Listed<S>, FrameError> {
        let place = match self.places.get(symbol) {
            Some(place) => *place,
            None => self.list(symbol)?,
        };
        self.listed.get_mut(place).ok_or(FrameError::Shape("symbol"))
    }

    /// Lists a symbol that is not listed yet; its place.
    fn list(&mut self, symbol: &str) -> Result<usize, FrameError> {
        let instrument = self.named(symbol)?;
        let place = self.listed.len();
        if INSTRUMENTS_MAX <= place {
            return Err(FrameError::TooManyInstruments(INSTRUMENTS_MAX));
        }
        self.listed.push(Listed { instrument, state: S::default(), latest: None });
        self.places.insert(symbol.into(), place);
        Ok(place)
    }

    /// Whether all of these could be listed; lists none of them.
    pub fn check<'a>(&self, symbols: impl Iterator<Item = &'a str>) -> Result<(), FrameError> {
        let mut fresh = BTreeSet::new();
        for symbol in symbols.filter(|symbol| !self.places.contains_key(*symbol)) {
            self.named(symbol)?;
            fresh.insert(symbol);
        }
        if self.listed.len() + fresh.len() <= INSTRUMENTS_MAX {
            Ok(())
        } else {
            Err(FrameError::TooManyInstruments(INSTRUMENTS_MAX))
        }
    }

    fn named(&self, symbol: &str) -> Result<Instrument, FrameError> {
        Instrument::parse(&format!("{}:{symbol}", self.venue))
            .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))
    }

    /// The only symbol heard of so far.
    pub fn only(&self) -> Result<String, FrameError> {
        match self.places.keys().next() {
            Some(symbol) if self.listed.len() == 1 => Ok(symbol.to_string()),
            _ => Err(FrameError::UnnamedSnapshot(self.listed.len())),
        }
    }

    /// What is remembered of each.
    pub fn states(&mut self) -> impl Iterator<Item = &mut S> {
        self.listed.iter_mut().map(|listed| &mut listed.state)
    }

    /// Tells every instrument that its feed is lost; `forget` takes from what is remembered what
    /// does not outlive a connection.
    pub fn lose(
        &mut self,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
        forget: impl Fn(&mut S),
    ) {
        for listed in &mut self.listed {
            forget(&mut listed.state);
            let event = listed.event(None, recv, Body::Disconnect);
            out.push((listed.instrument.clone(), event));
        }
    }

    /// Tells every instrument a venue's time that belongs to none of them.
    pub fn beat(&mut self, at: Nanos, recv: Nanos, out: &mut Vec<(Instrument, Event)>) {
        for listed in &mut self.listed {
            let event = listed.event(Some(at), recv, Body::Heartbeat);
            out.push((listed.instrument.clone(), event));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_time_gets_the_greatest_before_it() {
        let mut roster = Roster::<()>::new("SIM");
        let listed = roster.get("A").unwrap();
        let times = [(None, 7), (Some(50), 8), (Some(40), 9), (None, 10)]
            .map(|(at, recv)| listed.event(at, recv, Body::Heartbeat).ts_event);

        assert_eq!(times, [7, 50, 40, 50]);
    }

    #[test]
    fn instruments_beyond_the_limit_are_refused_and_the_known_go_on() {
        let mut roster = Roster::<()>::new("SIM");
        for nth in 0..INSTRUMENTS_MAX {
            roster.get(&format!("S{nth}")).unwrap();
        }

        assert!(matches!(roster.get("MORE"), Err(FrameError::TooManyInstruments(_))));
        let many = |roster: &Roster<()>| roster.check(["S7", "MORE"].into_iter());
        assert!(matches!(many(&roster), Err(FrameError::TooManyInstruments(_))));
        assert!(roster.get("S7").is_ok());
        assert!(matches!(roster.get("S 7"), Err(FrameError::Symbol(_))));
        assert!(roster.check(["S7", "S8"].into_iter()).is_ok());
    }
}
