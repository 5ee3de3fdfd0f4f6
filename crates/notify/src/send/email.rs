//! E-mail over SMTP: TLS from the first byte or by `STARTTLS`, plain text to this machine alone.

use lettre::message::{Mailbox, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::TIMEOUT;
use crate::address::{MailTls, mail};
use crate::error::NotifyError;
use crate::lane::Outcome;
use crate::notice::Message;
use crate::secrets::Secrets;
use crate::settings::ChannelSettings;

/// Sends mail to the same people.
#[derive(Clone)]
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mailer {
    pub(super) fn new(settings: &ChannelSettings, secrets: &Secrets) -> Result<Self, NotifyError> {
        let name = &settings.name;
        let wrong = |key: &str, cause: &str| {
            NotifyError::Channel(format!("notify: {key} of channel `{name}`: {cause}"))
        };
        let mailbox = |key: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|error| wrong(key, &format!("`{text}` is no address: {error}")))
        };
        let server =
            mail(settings.address.as_deref().unwrap_or_default()).map_err(|rule| wrong("address", &rule))?;
        let builder = match server.tls {
            MailTls::Whole => AsyncSmtpTransport::<Tokio1Executor>::relay(&server.host),
            MailTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&server.host),
            MailTls::Plain => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)),
        };
        let mut builder = builder
            .map_err(|error| wrong("address", &error.to_string()))?
            .port(server.port)
            .timeout(Some(TIMEOUT));
        if let Some(user) = &settings.user {
            let password = secrets.of(name, "PASSWORD")?.to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Mailer {
            transport: builder.build(),
            from: mailbox("from", settings.from.as_deref().unwrap_or_default())?,
            to: settings.to.iter().map(|text| mailbox("to", text)).collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let domain = self.from.email.domain();
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .subject(message.subject())
            // Equal for the same message: mail programs show one that comes twice once.
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .header(header::ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = match mail.body(message.plain()) {
            Ok(mail) => mail,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        match tokio::time::timeout(TIMEOUT, self.transport.send(mail)).await {
            Err(_) => Outcome::Down("no answer in time".to_owned()),
            Ok(Ok(_)) => Outcome::Delivered,
            Ok(Err(error)) => failure(&error),
        }
    }
}

/// 530 and 535 say that we are not who we say; other permanent answers are about the message.
fn failure(error: &lettre::transport::smtp::Error) -> Outcome {
    let code = error.status().map(|code| code.to_string());
    let told = match &code {
        Some(code) => format!("status {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None => "the connection broke or never stood".to_owned(),
    };
    let about_us = matches!(code.as_deref(), Some("530" | "534" | "535" | "538"));
    if error.is_permanent() && !about_us { Outcome::Refused(told) } else { Outcome::Down(told) }
}
