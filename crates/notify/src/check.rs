//! What is wrong with the section `notify`: each finding names its key, what is allowed and what to do.

use seawall_model::Zone;

use crate::quiet::time_of_day;
use crate::settings::{ChannelKind, ChannelSettings, NotifySettings};
use crate::topic::Topic;

/// A key whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, from `notify` on.
    pub key: String,
    /// What stands there.
    pub value: String,
    /// What is allowed.
    pub rule: String,
}

fn fault(key: &str, value: &dyn ToString, rule: impl Into<String>) -> Fault {
    Fault { key: format!("notify.{key}"), value: value.to_string(), rule: rule.into() }
}

impl NotifySettings {
    /// Everything that cannot be used.
    #[must_use]
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, value, least, most) in [
            ("dedupe_s", Some(self.dedupe_s), 0, 86_400),
            ("escalate_after_minutes", Some(self.escalate_after_minutes), 1, 1_440),
            ("collapse_after_minutes", Some(self.collapse_after_minutes), 1, 10_080),
            ("heartbeat_every_s", self.heartbeat_every_s, 5, 3_600),
        ] {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                faults.push(fault(key, &value, format!("allowed are {least} to {most}")));
            }
        }
        self.check_quiet(&mut faults);
        if let Some(to) = &self.escalate_to
            && !self.channels.iter().any(|channel| channel.name == *to)
        {
            faults.push(fault("escalate_to", to, format!("no channel has that name; {}", self.names())));
        }
        for index in 0..self.channels.len() {
            self.check_channel(index, &mut faults);
        }
        faults
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
        if names.is_empty() {
            "there are no channels: add one or remove the key".to_owned()
        } else {
            format!("allowed are {}", names.join(", "))
        }
    }

    fn check_quiet(&self, faults: &mut Vec<Fault>) {
        let ends = [("quiet_from", &self.quiet_from), ("quiet_until", &self.quiet_until)];
        for (key, text) in ends {
            if let Some(text) = text
                && time_of_day(text).is_none()
            {
                faults.push(fault(key, text, "allowed is a time of day from \"00:00\" to \"23:59\""));
            }
        }
        match (&self.quiet_from, &self.quiet_until) {
            (Some(from), Some(until)) if from == until => {
                faults.push(fault(
                    "quiet_until",
                    until,
                    "it is quiet_from too; give another time or remove both",
                ));
            }
            (Some(_), None) => {
                faults.push(fault("quiet_until", &"none", "quiet_from is set: say when it ends"));
            }
            (None, Some(_)) => {
                faults.push(fault("quiet_from", &"none", "quiet_until is set: say when it begins"));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        if let Err(error) = self.time_zone.parse::<Zone>() {
            faults.push(fault("time_zone", &self.time_zone, error.to_string()));
        }
    }

    fn check_channel(&self, index: usize, faults: &mut Vec<Fault>) {
        let (before, rest) = self.channels.split_at(index.min(self.channels.len()));
        let Some(channel) = rest.first() else { return };
        let key = |name: &str| format!("channels[{index}].{name}");
        let named = !channel.name.is_empty()
            && channel
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !named || channel.name == "heartbeat" {
            let rule = "allowed are small letters, digits and -, but not `heartbeat`";
            faults.push(fault(&key("name"), &channel.name, rule));
        }
        if before.iter().any(|earlier| earlier.name == channel.name) {
            faults.push(fault(&key("name"), &channel.name, "another channel has that name; choose another"));
        }
        if !(1..=600).contains(&channel.per_minute_max) {
            faults.push(fault(&key("per_minute_max"), &channel.per_minute_max, "allowed are 1 to 600"));
        }
        for (list, topics) in [("only", &channel.only), ("except", &channel.except)] {
            for name in topics.iter().filter(|name| Topic::named(name).is_none()) {
                let known: Vec<&str> = Topic::all().map(Topic::name).collect();
                let rule = format!("no topic is called so; allowed are {}", known.join(", "));
                faults.push(fault(&key(list), name, rule));
            }
        }
        if !channel.only.is_empty() && channel.only.iter().all(|name| channel.except.contains(name)) {
            let rule = "it excludes all that `only` takes: nothing would be told; remove one of them";
            faults.push(fault(&key("except"), &channel.except.join(", "), rule));
        }
        check_kind(channel, &key, faults);
    }
}

/// What a kind of channel needs, and what it has no use for.
fn check_kind(channel: &ChannelSettings, key: &dyn Fn(&str) -> String, faults: &mut Vec<Fault>) {
    let set = [
        ("address", channel.address.is_some()),
        ("chat", channel.chat.is_some()),
        ("commands_from", !channel.commands_from.is_empty()),
        ("user", channel.user.is_some()),
        ("from", channel.from.is_some()),
        ("to", !channel.to.is_empty()),
    ];
    let (needs, takes): (&[&str], &[&str]) = match channel.kind {
        ChannelKind::Telegram => (&["chat"], &["address", "chat", "commands_from"]),
        ChannelKind::Email => (&["address", "from", "to"], &["address", "from", "to", "user"]),
        ChannelKind::Slack | ChannelKind::Discord | ChannelKind::Webhook => (&[], &[]),
    };
    let kind = channel.kind.name();
    for (name, is_set) in set {
        if needs.contains(&name) && !is_set {
            faults.push(fault(&key(name), &"none", format!("{kind} needs it; set it")));
        }
        if is_set && !takes.contains(&name) {
            faults.push(fault(&key(name), &"set", format!("{kind} has no use for it; remove it")));
        }
    }
    if let Some(chat) = &channel.chat
        && !channel.commands_from.is_empty()
        && chat.parse::<i64>().is_err()
    {
        let rule = "commands are taken in a chat with a number; give its id, or remove commands_from";
        faults.push(fault(&key("chat"), chat, rule));
    }
    if let Some(address) = &channel.address
        && takes.contains(&"address")
        && let Err(rule) = crate::address::check(channel.kind, address)
    {
        faults.push(fault(&key("address"), address, rule));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Least;

    fn telegram() -> ChannelSettings {
        let chat = Some("42".to_owned());
        ChannelSettings { chat, ..ChannelSettings::new("ops", ChannelKind::Telegram) }
    }

    fn found(change: impl FnOnce(&mut NotifySettings)) -> Vec<String> {
        let mut settings = NotifySettings { channels: vec![telegram()], ..NotifySettings::default() };
        change(&mut settings);
        settings.check().into_iter().map(|fault| format!("{}: {}", fault.key, fault.rule)).collect()
    }

    #[test]
    fn what_can_be_used_passes() {
        assert_eq!(found(|_| {}), Vec::<String>::new());
        let mail = ChannelSettings {
            address: Some("smtps://mail.example.org:465".to_owned()),
            from: Some("seawall@example.org".to_owned()),
            to: vec!["me@example.org".to_owned()],
            user: Some("seawall".to_owned()),
            severity_min: Least::Critical,
            ..ChannelSettings::new("mail", ChannelKind::Email)
        };
        assert_eq!(found(|settings| settings.channels.push(mail)), Vec::<String>::new());
    }

    #[test]
    fn each_fault_names_its_key_what_is_allowed_and_what_to_do() {
        type Change = Box<dyn FnOnce(&mut NotifySettings)>;
        let cases: Vec<(&str, &str, Change)> = vec![
            ("notify.dedupe_s", "0 to 86400", Box::new(|s| s.dedupe_s = 90_000)),
            ("notify.escalate_to", "allowed are ops", Box::new(|s| s.escalate_to = Some("boss".to_owned()))),
            ("notify.quiet_until", "say when it ends", Box::new(|s| s.quiet_from = Some("22:00".to_owned()))),
            (
                "notify.quiet_from",
                "time of day",
                Box::new(|s| {
                    s.quiet_from = Some("25:00".to_owned());
                    s.quiet_until = Some("07:00".to_owned());
                }),
            ),
            ("notify.time_zone", "Europe/Berlin", Box::new(|s| s.time_zone = "Europe/Berlim".to_owned())),
            (
                "notify.channels[0].only",
                "position_unprotected",
                Box::new(|s| {
                    s.channels[0].only = vec!["position_naked".to_owned()];
                }),
            ),
            (
                "notify.channels[0].except",
                "remove one",
                Box::new(|s| {
                    s.channels[0].only = vec!["stream".to_owned()];
                    s.channels[0].except = vec!["stream".to_owned()];
                }),
            ),
            ("notify.channels[0].chat", "telegram needs it", Box::new(|s| s.channels[0].chat = None)),
            ("notify.channels[0].user", "no use", Box::new(|s| s.channels[0].user = Some("me".to_owned()))),
            (
                "notify.channels[0].address",
                "https://",
                Box::new(|s| {
                    s.channels[0].address = Some("http://example.org".to_owned());
                }),
            ),
            ("notify.channels[0].name", "small letters", Box::new(|s| s.channels[0].name = "Ops".to_owned())),
            ("notify.channels[1].name", "another channel", Box::new(|s| s.channels.push(telegram()))),
            ("notify.channels[0].per_minute_max", "1 to 600", Box::new(|s| s.channels[0].per_minute_max = 0)),
        ];
        for (key, words, change) in cases {
            let found = found(change);
            assert!(
                found.iter().any(|line| line.starts_with(key) && line.contains(words)),
                "{key}: {found:?}"
            );
        }
    }
}
