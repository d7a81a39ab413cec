//! Where market events come from: venues' frames, live or recorded.

pub mod capture;
pub mod venues;
