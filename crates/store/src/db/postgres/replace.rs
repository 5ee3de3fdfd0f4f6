//! Replaces runs of a schema by those of another one, in one transaction: readers see the old or the new.

use crate::db::place::{Place, ServerPlace};
use crate::db::sql::{Cell, values};
use crate::db::{Database, postgres::acquire};
use crate::error::StoreError;

use super::link::{Access, ServerLink, cell, quoted};

/// Every table of a run: what others point at comes first.
const TABLES: [&str; 11] = [
    "runs",
    "instruments",
    "orders",
    "order_events",
    "fills",
    "positions",
    "trades",
    "decisions",
    "decision_hours",
    "shadow_outcomes",
    "equity",
];
/// As well, but it points at runs alone and comes last.
const ALERTS: &str = "alerts";

/// A schema beside another one, and the right to write that one.
#[derive(Debug)]
pub(crate) struct Replacement {
    target: ServerPlace,
    /// Keeps runs from writing the target.
    link: ServerLink,
}

fn all_tables() -> impl DoubleEndedIterator<Item = &'static str> {
    TABLES.into_iter().chain([ALERTS])
}

impl Replacement {
    /// Takes the right to write `target` and removes what an earlier attempt has left.
    pub(crate) fn begin(target: ServerPlace) -> Result<Self, StoreError> {
        let label = format!("seawall rebuild pid {}", std::process::id());
        let mut link = ServerLink::open(&target, Access::Write(&label))?;
        acquire(&mut link, &target.schema)?;
        link.without_haste()?;
        let mut replacement = Replacement { target, link };
        let building = replacement.building().schema;
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(&building));
        replacement.link.script("remove the last attempt", &drop)?;
        Ok(replacement)
    }

    /// Where the new rows are gathered.
    pub(crate) fn building(&self) -> ServerPlace {
        let schema: String = self.target.schema.chars().take(55).collect();
        ServerPlace { schema: format!("{schema}_rebuild"), ..self.target.clone() }
    }

    /// Puts the new runs in the place of the old ones.
    pub(crate) fn finish(mut self) -> Result<Place, StoreError> {
        let building = self.building();
        {
            // Nobody may be writing there any more.
            let mut link = ServerLink::open(&building, Access::Write(&self.link.label))?;
            acquire(&mut link, &building.schema)?;
        }
        let place = Place::Postgres(self.target.clone());
        Database::open(&place)?;
        self.refuse_others(&building)?;
        let (new, old) = (quoted(&building.schema), quoted(&self.target.schema));
        let mut script = vec!["BEGIN".to_owned()];
        for table in all_tables().rev() {
            script.push(format!("DELETE FROM {old}.{table} WHERE run IN (SELECT run FROM {new}.runs)"));
        }
        for table in all_tables() {
            let columns = self.columns(&building, table)?.join(", ");
            let order = if table == "order_events" || table == ALERTS { " ORDER BY number" } else { "" };
            script.push(format!(
                "INSERT INTO {old}.{table} ({columns}) SELECT {columns} FROM {new}.{table}{order}"
            ));
        }
        script.push(format!("DROP SCHEMA {new} CASCADE"));
        script.push("COMMIT".to_owned());
        self.link.script("replace the runs", &script.join(";\n"))?;
        Ok(place)
    }

    /// A run of another folder must not be lost because it bears the same number.
    fn refuse_others(&mut self, building: &ServerPlace) -> Result<(), StoreError> {
        let (new, old) = (quoted(&building.schema), quoted(&self.target.schema));
        let sql = format!(
            "SELECT old.run AS run FROM {old}.runs AS old JOIN {new}.runs AS new ON new.run = old.run
             WHERE old.identity <> new.identity"
        );
        let rows = self.link.query("compare the runs", &sql, &[])?;
        match rows.first().map(|row| cell(row, "run")) {
            Some(Ok(Cell::Int(run))) => Err(StoreError::RunTaken {
                place: self.link.place.clone(),
                run: u32::try_from(run).unwrap_or_default(),
            }),
            Some(Ok(Cell::Null | Cell::Real(_) | Cell::Text(_)) | Err(_)) | None => Ok(()),
        }
    }

    /// The columns that are copied: numbers are counted anew.
    fn columns(&mut self, place: &ServerPlace, table: &str) -> Result<Vec<String>, StoreError> {
        const COLUMNS: &str = "SELECT column_name::text AS name FROM information_schema.columns
            WHERE table_schema = $1 AND table_name = $2 AND column_name <> 'number' ORDER BY ordinal_position";
        let rows = self.link.query("read the columns", COLUMNS, &values![place.schema.as_str(), table])?;
        Ok(rows.iter().filter_map(|row| cell(row, "name").ok()).map(|cell| quoted(&cell.show())).collect())
    }
}
