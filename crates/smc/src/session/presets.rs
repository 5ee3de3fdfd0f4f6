//! The hours of well-known sessions.

use seawall_model::TimeOfDay;

use super::SessionHours;
use crate::clock::{new_york, zone};
use crate::error::SmcError;

/// The kill zones of ICT material, in New York time, as spec/smc.md §6 lists them. Sources vary: some begin
/// Asia at 19:00, some end New York at 09:00; such hours are [`SessionHours`] of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillZone {
    /// 20:00 to midnight: the range that London works on.
    Asia,
    /// 02:00 to 05:00, London open.
    London,
    /// 07:00 to 10:00.
    NewYorkAm,
    /// 08:30 to 11:00, the morning of index futures, from the news on.
    NewYorkAmIndices,
    /// 10:00 to 12:00.
    LondonClose,
    /// 12:00 to 13:00: no time to enter.
    Lunch,
    /// 13:30 to 16:00.
    NewYorkPm,
    /// 03:00 to 04:00, the silver bullet of London.
    SilverBulletLondon,
    /// 10:00 to 11:00, the silver bullet of the morning.
    SilverBulletAm,
    /// 14:00 to 15:00, the silver bullet of the afternoon.
    SilverBulletPm,
}

impl KillZone {
    /// All of them.
    pub const ALL: [KillZone; 10] = [
        KillZone::Asia,
        KillZone::London,
        KillZone::NewYorkAm,
        KillZone::NewYorkAmIndices,
        KillZone::LondonClose,
        KillZone::Lunch,
        KillZone::NewYorkPm,
        KillZone::SilverBulletLondon,
        KillZone::SilverBulletAm,
        KillZone::SilverBulletPm,
    ];

    /// Its hours, every day.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn hours(self) -> Result<SessionHours, SmcError> {
        let time = TimeOfDay::new;
        let (start, end) = match self {
            KillZone::Asia => (time(20, 0), TimeOfDay::MIDNIGHT),
            KillZone::London => (time(2, 0), time(5, 0)),
            KillZone::NewYorkAm => (time(7, 0), time(10, 0)),
            KillZone::NewYorkAmIndices => (time(8, 30), time(11, 0)),
            KillZone::LondonClose => (time(10, 0), time(12, 0)),
            KillZone::Lunch => (time(12, 0), time(13, 0)),
            KillZone::NewYorkPm => (time(13, 30), time(16, 0)),
            KillZone::SilverBulletLondon => (time(3, 0), time(4, 0)),
            KillZone::SilverBulletAm => (time(10, 0), time(11, 0)),
            KillZone::SilverBulletPm => (time(14, 0), time(15, 0)),
        };
        Ok(SessionHours::daily(new_york()?, start, end))
    }
}

/// The classic sessions of the currency market, each on its own city's clocks. The hours are those that the
/// fixed UTC tables of spec/smc.md §2.7 stand for: 07:00 to 16:00 in Sydney, 09:00 to 18:00 in Tokyo, 08:00
/// to 17:00 in London and in New York.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketSession {
    /// Sydney.
    Sydney,
    /// Tokyo, which keeps no summer time.
    Tokyo,
    /// London.
    London,
    /// New York.
    NewYork,
}

impl MarketSession {
    /// All of them, in the order of their mornings.
    pub const ALL: [MarketSession; 4] =
        [MarketSession::Sydney, MarketSession::Tokyo, MarketSession::London, MarketSession::NewYork];

    /// Its hours, every day.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn hours(self) -> Result<SessionHours, SmcError> {
        let (name, start, end) = match self {
            MarketSession::Sydney => ("Australia/Sydney", 7, 16),
            MarketSession::Tokyo => ("Asia/Tokyo", 9, 18),
            MarketSession::London => ("Europe/London", 8, 17),
            MarketSession::NewYork => ("America/New_York", 8, 17),
        };
        Ok(SessionHours::daily(zone(name)?, TimeOfDay::new(start, 0), TimeOfDay::new(end, 0)))
    }
}
