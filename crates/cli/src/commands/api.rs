//! `seawall api`.

use std::path::PathBuf;

use seawall_api::access::Tokens;
use seawall_api::document;
use serde::Serialize;

use crate::args::{ApiArgs, ApiCommand};
use crate::exit::Failure;
use crate::face::now;
use crate::input::data_dir;
use crate::output::check_folder;

/// A token as JSON; `token` stands there once, when it is made.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    id: &'a str,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

const SCHEMA: &str = "seawall.api_token/1";

/// Runs the command.
pub(crate) fn run(args: &ApiArgs) -> Result<(), Failure> {
    if let ApiCommand::Schema = args.command {
        say!("{}", serde_json::to_string_pretty(&document()).map_err(Failure::work)?);
        return Ok(());
    }
    let folder: PathBuf = match &args.data_dir {
        Some(folder) => folder.clone(),
        None => data_dir()?,
    };
    check_folder("--data-dir", &folder)?;
    match &args.command {
        ApiCommand::Schema => Ok(()),
        ApiCommand::Token { role } => {
            let made = Tokens::make(&folder, (*role).into(), now()).map_err(Failure::input)?;
            if args.json {
                let role = made.role.name();
                return json(&Line { schema: SCHEMA, id: &made.id, role, token: Some(&made.token) });
            }
            say!("token of {} {}, shown this once and kept as a hash:", made.role.name(), made.id);
            say!("{}", made.token);
            Ok(())
        }
        ApiCommand::Tokens => {
            let tokens = Tokens::read(&Tokens::path(&folder)).map_err(Failure::input)?;
            for (id, role, made_at) in tokens.list() {
                if args.json {
                    json(&Line { schema: SCHEMA, id, role: role.name(), token: None })?;
                } else {
                    say!("{id}  {:<8}  made {made_at}", role.name());
                }
            }
            Ok(())
        }
        ApiCommand::Revoke { id } => {
            if !Tokens::revoke(&folder, id).map_err(Failure::input)? {
                let hint = "`seawall api tokens` lists them";
                return Err(Failure::input(format!(
                    "there is no token {id} in {}; {hint}",
                    folder.display()
                )));
            }
            say!("taken back: {id}; its sessions end within seconds");
            Ok(())
        }
    }
}

fn json(line: &Line<'_>) -> Result<(), Failure> {
    say!("{}", serde_json::to_string(line).map_err(Failure::work)?);
    Ok(())
}
