//! Who is told what, and when: routing, deduplication, escalation, endings, quiet hours, the daily summary.
//!
//! A state machine without clock or socket: time is an argument, what it remembers ([`Memory`]) is stored
//! with the messages that it makes. Invariants: a critical alert leaves at once and each time, on one
//! channel at least; what is held back is counted and the count is told; whoever was told of a beginning is
//! told of the end.

use seawall_model::{AlertKind, Severity, Span, Ts};

use crate::memory::{Day, HELD_MAX, Held, Memory, OPEN_MAX, Open};
use crate::notice::{Cause, Message, Notice, Status};
use crate::quiet::Quiet;
use crate::settings::{ChannelSettings, NotifySettings};
use crate::topic::Topic;

/// Time of day of the daily summary.
const SUMMARY_AFTER: Span = Span::from_secs(5);
const DAY: Span = Span::from_secs(86_400);
/// Alerts that an escalation tells in full.
const ESCALATED_SHOWN: usize = 10;

/// A message for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The channel's name.
    pub channel: String,
    /// It does not leave before this.
    pub not_before: Ts,
    /// Counts the messages of an account.
    pub number: u64,
    /// The message.
    pub message: Message,
}

#[derive(Debug)]
struct Rule {
    name: String,
    least: Severity,
    only: Vec<Topic>,
    except: Vec<Topic>,
}

impl Rule {
    fn new(channel: &ChannelSettings) -> Rule {
        let topics = |names: &[String]| names.iter().filter_map(|name| Topic::named(name)).collect();
        Rule {
            name: channel.name.clone(),
            least: channel.severity_min.severity(),
            only: topics(&channel.only),
            except: topics(&channel.except),
        }
    }

    fn takes(&self, severity: Severity, topic: Topic) -> bool {
        severity >= self.least
            && (self.only.is_empty() || self.only.contains(&topic))
            && !self.except.contains(&topic)
    }
}

/// Makes messages of notices.
#[derive(Debug)]
pub struct Router {
    rules: Vec<Rule>,
    dedupe: Span,
    escalate_after: Span,
    escalate_to: Option<String>,
    quiet: Option<Quiet>,
    daily_summary: bool,
    account: String,
    instance: String,
    memory: Memory,
}

impl Router {
    /// A router with what an earlier one has remembered. `instance` is part of every message's id.
    #[must_use]
    pub fn new(settings: &NotifySettings, account: &str, instance: &str, memory: Memory) -> Self {
        Router {
            rules: settings.channels.iter().map(Rule::new).collect(),
            dedupe: Span::from_secs(i64::from(settings.dedupe_s)),
            escalate_after: Span::from_secs(i64::from(settings.escalate_after_minutes) * 60),
            escalate_to: settings.escalate_to.clone(),
            quiet: Quiet::new(settings),
            daily_summary: settings.daily_summary,
            account: account.to_owned(),
            instance: instance.to_owned(),
            memory,
        }
    }

    /// What it remembers, to be stored.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Takes in a notice.
    pub fn take(&mut self, now: Ts, notice: &Notice) -> Vec<Draft> {
        self.memory.day.count(notice);
        let mut drafts = self.resolve(now, notice);
        // The end of an alert is told as such and not once more as an alert.
        if !drafts.is_empty() && matches!(notice.topic, Topic::Alert(_)) {
            return drafts;
        }
        if self.hold_back(now, notice) {
            return drafts;
        }
        let made = self.route(now, notice, Cause::Happened, 1);
        self.open(now, notice, &made);
        drafts.extend(made);
        drafts
    }

    /// What is due: counts of what was held back, escalations, the daily summary. `status` is what the run
    /// showed last.
    pub fn on_time(&mut self, now: Ts, status: Option<&Status>) -> Vec<Draft> {
        let mut drafts = self.end_windows(now);
        drafts.extend(self.escalate(now));
        if self.daily_summary && now >= self.memory.day.ends.plus(SUMMARY_AFTER) {
            drafts.extend(self.summarise(now, status));
        }
        drafts
    }

    /// When [`Self::on_time`] has something to do next.
    #[must_use]
    pub fn next_at(&self) -> Ts {
        let windows = self.memory.held.values().map(|held| held.until);
        let open = self.memory.open.values().filter(|_| self.escalate_to.is_some());
        let open = open.filter(|open| open.may_escalate()).map(|open| open.since.plus(self.escalate_after));
        let day = self.daily_summary.then(|| self.memory.day.ends.plus(SUMMARY_AFTER));
        windows.chain(open).chain(day).min().unwrap_or(Ts::FAR_FUTURE)
    }

    /// Somebody has seen all that is critical: it is not escalated any more. Says how many alerts that were.
    pub fn acknowledge(&mut self, now: Ts, who: &str) -> (usize, Vec<Draft>) {
        let mut seen = 0;
        for open in self.memory.open.values_mut().filter(|open| open.may_escalate()) {
            open.acknowledged = true;
            seen += 1;
        }
        if seen == 0 {
            return (0, Vec::new());
        }
        let detail = format!("{seen} critical alerts, by {who}");
        let notice = Notice::new(now, Topic::Acknowledged, Severity::Info, detail);
        (seen, self.route(now, &notice, Cause::Happened, 1))
    }

    /// The message that many that waited too long for `channel` become.
    pub fn collapsed(&mut self, now: Ts, channel: &str, at: Ts, count: u64, detail: String) -> Draft {
        let notice = Notice { at, ..Notice::new(at, Topic::Test, Severity::Info, detail) };
        let message = self.message(&notice, Cause::Collapsed, count);
        let title = format!("{count} messages of severity info that waited for this channel");
        let message = Message { title, advice: String::new(), ..message };
        Draft { channel: channel.to_owned(), not_before: now, number: self.memory.number, message }
    }

    /// A message to see whether a channel works.
    pub fn test(&mut self, now: Ts) -> Message {
        let notice = Notice::new(now, Topic::Test, Severity::Info, "asked for by `seawall notify test`");
        self.message(&notice, Cause::Happened, 1)
    }

    /// The same for one channel or all of them, whatever they take else and whatever the hour.
    pub fn test_channels(&mut self, now: Ts, only: Option<&str>, who: &str) -> Vec<Draft> {
        let names = self.rules.iter().map(|rule| rule.name.clone());
        let names: Vec<String> = names.filter(|name| only.is_none_or(|only| only == name)).collect();
        let notice = Notice::new(now, Topic::Test, Severity::Info, format!("asked for by {who}"));
        self.drafts(&notice, Cause::Happened, 1, (&names, now))
    }

    fn message(&mut self, notice: &Notice, cause: Cause, count: u64) -> Message {
        self.memory.number += 1;
        Message {
            id: format!("{}-{}", self.instance, self.memory.number),
            account: self.account.clone(),
            cause,
            at: notice.at,
            severity: notice.severity,
            topic: notice.topic,
            instrument: notice.instrument.clone(),
            title: notice.topic.title().to_owned(),
            detail: notice.detail.clone(),
            advice: notice.topic.advice().to_owned(),
            count,
        }
    }

    fn route(&mut self, now: Ts, notice: &Notice, cause: Cause, count: u64) -> Vec<Draft> {
        let taking = self.rules.iter().filter(|rule| rule.takes(notice.severity, notice.topic));
        let mut names: Vec<String> = taking.map(|rule| rule.name.clone()).collect();
        if names.is_empty() && notice.severity == Severity::Critical {
            names = self.rules.iter().map(|rule| rule.name.clone()).collect();
        }
        let not_before = match (&mut self.quiet, notice.severity) {
            (Some(quiet), Severity::Info | Severity::Warning) => quiet.release(now),
            (None, _) | (Some(_), Severity::Critical) => now,
        };
        self.drafts(notice, cause, count, (&names, not_before))
    }

    fn drafts(
        &mut self,
        notice: &Notice,
        cause: Cause,
        count: u64,
        (names, not_before): (&[String], Ts),
    ) -> Vec<Draft> {
        if names.is_empty() {
            return Vec::new();
        }
        let message = self.message(notice, cause, count);
        let number = self.memory.number;
        let draft = |channel: &String| Draft {
            channel: channel.clone(),
            not_before,
            number,
            message: message.clone(),
        };
        names.iter().map(draft).collect()
    }

    /// Whether the same was told a short while ago.
    fn hold_back(&mut self, now: Ts, notice: &Notice) -> bool {
        if notice.severity == Severity::Critical || !matches!(notice.topic, Topic::Alert(_)) {
            return false;
        }
        let key = key(notice.topic, notice.instrument.as_deref());
        match self.memory.held.get_mut(&key) {
            Some(held) if now < held.until && notice.severity <= held.notice.severity => {
                held.count += 1;
                held.notice = Notice { severity: held.notice.severity, ..notice.clone() };
                true
            }
            Some(_) | None => {
                if self.memory.held.len() < HELD_MAX && self.dedupe > Span::from_nanos(0) {
                    let held = Held { until: now.plus(self.dedupe), count: 0, notice: notice.clone() };
                    self.memory.held.insert(key, held);
                }
                false
            }
        }
    }

    fn end_windows(&mut self, now: Ts) -> Vec<Draft> {
        let over = self.memory.held.iter().filter(|(_, held)| held.until <= now);
        let over: Vec<String> = over.map(|(key, _)| key.clone()).collect();
        let mut drafts = Vec::new();
        for key in over {
            let Some(held) = self.memory.held.remove(&key) else { continue };
            if held.count > 0 {
                drafts.extend(self.route(now, &held.notice, Cause::Repeated, held.count));
                // It goes on: the next one is told with the next count.
                let held = Held { until: now.plus(self.dedupe), count: 0, notice: held.notice };
                self.memory.held.insert(key, held);
            }
        }
        drafts
    }

    /// Remembers what may have to be escalated or ended.
    fn open(&mut self, now: Ts, notice: &Notice, made: &[Draft]) {
        let lasting = matches!(notice.topic, Topic::Alert(kind) if has_end(kind))
            && notice.severity >= Severity::Warning;
        if !(lasting || notice.severity == Severity::Critical) || made.is_empty() {
            return;
        }
        if self.memory.open.len() >= OPEN_MAX {
            let oldest = self.memory.open.iter().min_by_key(|(_, open)| open.since);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.memory.open.remove(&key);
            }
        }
        let key = key(notice.topic, notice.instrument.as_deref());
        let channels: Vec<String> = made.iter().map(|draft| draft.channel.clone()).collect();
        let open = self.memory.open.entry(key).or_insert_with(|| Open {
            since: now,
            acknowledged: false,
            escalated: false,
            channels: channels.clone(),
            notice: notice.clone(),
        });
        if notice.severity >= open.notice.severity {
            // Seen was the earlier one.
            open.acknowledged &= notice.severity < Severity::Critical;
            open.notice = notice.clone();
        }
        for channel in channels {
            if !open.channels.contains(&channel) {
                open.channels.push(channel);
            }
        }
    }

    /// Tells the end of what `notice` ends.
    fn resolve(&mut self, now: Ts, notice: &Notice) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for kind in ends(notice) {
            let key = key(Topic::Alert(*kind), notice.instrument.as_deref());
            let Some(open) = self.memory.open.get(&key) else { continue };
            if matches!(notice.topic, Topic::Alert(other) if other == *kind)
                && notice.severity >= open.notice.severity
            {
                continue;
            }
            let Some(open) = self.memory.open.remove(&key) else { continue };
            let held = self.memory.held.remove(&key).map_or(0, |held| held.count);
            let end = Notice {
                at: notice.at,
                topic: Topic::Alert(*kind),
                severity: Severity::Info,
                detail: format!("{} (was: {})", notice.detail, open.notice.detail),
                instrument: notice.instrument.clone(),
                pnl: None,
            };
            let not_before = match (&mut self.quiet, open.notice.severity) {
                (Some(quiet), Severity::Info | Severity::Warning) => quiet.release(now),
                (None, _) | (Some(_), Severity::Critical) => now,
            };
            drafts.extend(self.drafts(&end, Cause::Resolved, held + 1, (&open.channels, not_before)));
        }
        drafts
    }

    /// Repeats what nobody has acknowledged, all of it in one message.
    fn escalate(&mut self, now: Ts) -> Vec<Draft> {
        let Some(to) = self.escalate_to.clone() else { return Vec::new() };
        let after = self.escalate_after;
        let mut due: Vec<Notice> = Vec::new();
        for open in self.memory.open.values_mut() {
            if open.may_escalate() && open.since.plus(after) <= now {
                open.escalated = true;
                if !open.channels.contains(&to) {
                    open.channels.push(to.clone());
                }
                due.push(open.notice.clone());
            }
        }
        let Some(first) = due.first() else { return Vec::new() };
        let notice = if due.len() == 1 {
            first.clone()
        } else {
            let lines = due.iter().take(ESCALATED_SHOWN).map(|notice| {
                let instrument = notice.instrument.as_deref().unwrap_or("account");
                format!("{} {instrument}: {} ({})", notice.at, notice.topic.title(), notice.detail)
            });
            let detail = lines.collect::<Vec<_>>().join("\n");
            let detail = format!("{} critical alerts are not acknowledged:\n{detail}", due.len());
            Notice { detail, instrument: None, ..first.clone() }
        };
        let count = u64::try_from(due.len()).unwrap_or(u64::MAX);
        self.drafts(&notice, Cause::Escalated, count, (&[to], now))
    }

    fn summarise(&mut self, now: Ts, status: Option<&Status>) -> Vec<Draft> {
        let day = core::mem::replace(&mut self.memory.day, Day::of(now));
        let detail = day.in_words(status);
        let notice = Notice::new(now, Topic::DailySummary, Severity::Info, detail);
        // A summary is asked for by name: it needs no channel that takes all of severity info.
        let taking = self.rules.iter().filter(|rule| {
            rule.takes(Severity::Critical, Topic::DailySummary) && rule.least < Severity::Critical
        });
        let names: Vec<String> = taking.map(|rule| rule.name.clone()).collect();
        let not_before = self.quiet.as_mut().map_or(now, |quiet| quiet.release(now));
        self.drafts(&notice, Cause::Happened, 1, (&names, not_before))
    }
}

fn key(topic: Topic, instrument: Option<&str>) -> String {
    format!("{}|{}", topic.name(), instrument.unwrap_or_default())
}

/// What a stop that is missing or wrong is told as.
const NAKED: &[AlertKind] = &[
    AlertKind::PositionUnprotected,
    AlertKind::StopRefused,
    AlertKind::StopNotFilled,
    AlertKind::StopMissing,
    AlertKind::StopWrong,
];

/// Whether an alert of this kind tells a beginning whose end is told, too.
fn has_end(kind: AlertKind) -> bool {
    const LASTING: [AlertKind; 6] = [
        AlertKind::OutcomeUnknown,
        AlertKind::Stream,
        AlertKind::DataState,
        AlertKind::ReportFailing,
        AlertKind::NotReady,
        AlertKind::KillSwitch,
    ];
    NAKED.contains(&kind) || LASTING.contains(&kind)
}

/// What `notice` ends on its instrument, if it was open.
fn ends(notice: &Notice) -> &'static [AlertKind] {
    let Topic::Alert(kind) = notice.topic else {
        return if notice.topic == Topic::PositionClosed { NAKED } else { &[] };
    };
    if kind == AlertKind::OutcomeResolved {
        return &[AlertKind::OutcomeUnknown];
    }
    if kind == AlertKind::KillSwitch && notice.detail.starts_with("off") {
        return &[AlertKind::KillSwitch];
    }
    if notice.severity != Severity::Info {
        return &[];
    }
    if kind == AlertKind::PositionUnprotected {
        return NAKED;
    }
    const SELVES: [&[AlertKind]; 4] =
        [&[AlertKind::Stream], &[AlertKind::DataState], &[AlertKind::ReportFailing], &[AlertKind::NotReady]];
    SELVES.into_iter().find(|own| own.contains(&kind)).unwrap_or(&[])
}

/// The day of UTC that `at` lies in begins here.
pub(crate) fn day_of(at: Ts) -> Ts {
    Ts::from_nanos(at.nanos() - at.nanos().rem_euclid(DAY.nanos()))
}
