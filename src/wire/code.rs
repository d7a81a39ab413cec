//! The protocol's stable codes; texts beside them are courtesy.

/// What a client is told it did wrong, or what is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not a message of the protocol.
    BadRequest,
    /// No such operation.
    UnknownOp,
    /// No such channel.
    UnknownChannel,
    /// Never heard of.
    UnknownInstrument,
    /// More subscriptions than one connection may have.
    TooManySubscriptions,
    /// More messages than one connection may send.
    RateLimited,
    /// Sign in first, or the token is not good.
    Unauthenticated,
    /// Not allowed.
    Forbidden,
    /// Cannot be answered at the moment.
    Unavailable,
}

impl Code {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownOp => "unknown_op",
            Self::UnknownChannel => "unknown_channel",
            Self::UnknownInstrument => "unknown_instrument",
            Self::TooManySubscriptions => "too_many_subscriptions",
            Self::RateLimited => "rate_limited",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a WebSocket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The hub is stopping, or the client went silent.
    GoingAway,
    /// What came cannot be read at all.
    Policy,
    /// Too slow to take what it subscribed to.
    TooSlow,
    /// Too many connections or subscriptions.
    TooMany,
    /// Too many requests.
    TooManyRequests,
}

impl CloseReason {
    /// The close code.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::Policy => 1008,
            Self::TooSlow => 4008,
            Self::TooMany => 4009,
            Self::TooManyRequests => 4029,
        }
    }

    /// A word for people and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GoingAway => "going_away",
            Self::Policy => "policy",
            Self::TooSlow => "too_slow",
            Self::TooMany => "too_many",
            Self::TooManyRequests => "too_many_requests",
        }
    }
}
