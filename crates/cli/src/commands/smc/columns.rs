//! Which column of a CSV holds what, and the cells of a row as numbers and times.

use seawall_model::Ts;

/// What a header is to look like.
const WANTED: &str = "Date,Open,High,Low,Close,Volume";
/// The prices, in the order in which they are handed out.
pub(super) const PRICES: [&str; 4] = ["open", "high", "low", "close"];
/// Names of the column of open times, the likeliest first.
const TIMES: [&str; 6] = ["date", "ts_ms", "open_time", "datetime", "timestamp", "time"];
/// Names of a column that counts the rows.
const INDICES: [&str; 3] = ["", "index", "unnamed: 0"];
const SHOWN_MAX: usize = 40;

/// What is wrong with a cell: its column, its text, the problem and the fix.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) column: String,
    pub(super) value: String,
    pub(super) problem: String,
}

/// The places of the columns that are read.
#[derive(Debug)]
pub(super) struct Columns {
    /// All names as written, without quotes.
    names: Vec<String>,
    time: usize,
    prices: [usize; 4],
    volume: Option<usize>,
    index: Option<usize>,
}

/// The cells of one line.
pub(super) struct Cells<'a> {
    columns: &'a Columns,
    cells: Vec<&'a str>,
}

impl Columns {
    /// Finds the columns, whatever their order and case.
    ///
    /// # Errors
    /// What is missing or there twice, and what was found.
    pub(super) fn from_header(header: &[u8], with_volume: bool) -> Result<Columns, String> {
        let header = String::from_utf8_lossy(header);
        if header.trim().is_empty() {
            return Err(format!("the file does not start with a header; wanted `{WANTED}`"));
        }
        let names: Vec<String> = header.split(',').map(|name| bare(name).to_owned()).collect();
        if names.len() == 1 && header.contains([';', '\t']) {
            return Err(format!("the columns are not separated by commas; wanted `{WANTED}`"));
        }
        if names.iter().any(|name| !name.is_empty() && time(name).is_some()) {
            return Err(format!("the header is missing: the first line is a row already; wanted `{WANTED}`"));
        }
        let find = |wanted: &str| position(&names, wanted);
        let mut prices = [0; 4];
        let mut missing = Vec::new();
        let mut known_times = Vec::new();
        for known in TIMES {
            known_times.extend(find(known)?);
        }
        let leading =
            names.first().is_some_and(|name| INDICES.iter().any(|index| name.eq_ignore_ascii_case(index)));
        let (time, index) = match (known_times.first(), leading) {
            (Some(&time), _) => (time, leading.then_some(0)),
            // pandas leaves the name of an index of dates away.
            (None, true) => (0, None),
            (None, false) => {
                missing.push("Date".to_owned());
                (0, None)
            }
        };
        for (place, price) in prices.iter_mut().zip(PRICES) {
            match find(price)? {
                Some(column) => *place = column,
                None => missing.push(title(price)),
            }
        }
        let volume = if with_volume { find("volume")? } else { None };
        if with_volume && volume.is_none() {
            missing.push("Volume (for ref_ob)".to_owned());
        }
        if missing.is_empty() {
            return Ok(Columns { names, time, prices, volume, index });
        }
        let found = shorten(&names.join(","), 3 * SHOWN_MAX);
        Err(format!("column {} is missing; found `{found}`, wanted `{WANTED}`", missing.join(", ")))
    }

    /// The name of the column of open times.
    pub(super) fn time_name(&self) -> &str {
        self.names.get(self.time).map_or("Date", |name| if name.is_empty() { "index" } else { name })
    }

    /// Whether volumes are read.
    pub(super) fn has_volume(&self) -> bool {
        self.volume.is_some()
    }

    /// The cells of a line.
    ///
    /// # Errors
    /// If there are not as many as the header has.
    pub(super) fn cells<'a>(&'a self, line: &'a str) -> Result<Cells<'a>, String> {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() == self.names.len() {
            return Ok(Cells { columns: self, cells });
        }
        let (found, wanted) = (cells.len(), self.names.len());
        Err(format!("`{}` has {found} fields, not the {wanted} of the header", shorten(line, SHOWN_MAX)))
    }
}

impl Cells<'_> {
    /// Checks the column that counts the rows, where there is one.
    pub(super) fn check_index(&self, row: usize) -> Result<(), Fault> {
        let Some(column) = self.columns.index else { return Ok(()) };
        let text = self.text(column);
        let number = text.strip_suffix(".0").unwrap_or(text);
        if number.parse() == Ok(row) {
            return Ok(());
        }
        Err(self.fault(
            column,
            format!(
                "should be {row}: the index has to count 0, 1, 2, … without a gap; restore the missing rows \
                 or remove the column"
            ),
        ))
    }

    /// The open time.
    pub(super) fn time(&self) -> Result<Ts, Fault> {
        let column = self.columns.time;
        let text = self.text(column);
        if let Some(time) = time(text) {
            return Ok(time);
        }
        let problem = if text.is_empty() { "is empty: a time is missing" } else { "is not a time" };
        Err(self.fault(
            column,
            format!(
                "{problem}; write 2022-10-10 00:00:00 (in UTC), 2022-10-10, 2022-10-10T00:00:00Z or UTC \
                 milliseconds"
            ),
        ))
    }

    /// A fault in the open time.
    pub(super) fn time_fault(&self, problem: String) -> Fault {
        self.fault(self.columns.time, problem)
    }

    /// Open, high, low and close.
    pub(super) fn prices(&self) -> Result<[f64; 4], Fault> {
        let mut prices = [0.0; 4];
        for (price, &column) in prices.iter_mut().zip(&self.columns.prices) {
            *price = self.number(column)?;
        }
        let [open, high, low, close] = prices;
        let [open_column, high_column, _, close_column] = self.columns.prices;
        if high < low {
            return Err(self.fault(high_column, format!("is below the low {low}: correct one of them")));
        }
        for (price, column) in [(open, open_column), (close, close_column)] {
            if price > high {
                return Err(self.fault(column, format!("is above the high {high}: correct one of them")));
            }
            if price < low {
                return Err(self.fault(column, format!("is below the low {low}: correct one of them")));
            }
        }
        Ok(prices)
    }

    /// The volume, where it is read.
    pub(super) fn volume(&self) -> Result<Option<f64>, Fault> {
        let Some(column) = self.columns.volume else { return Ok(None) };
        let volume = self.number(column)?;
        if volume < 0.0 {
            return Err(self.fault(column, "must not be below zero".to_owned()));
        }
        Ok(Some(volume))
    }

    fn number(&self, column: usize) -> Result<f64, Fault> {
        let text = self.text(column);
        let problem = match text.parse::<f64>() {
            Ok(number) if number.is_finite() => return Ok(number),
            Ok(_) => "is not a finite number",
            Err(_) if text.is_empty() => "is empty: a number is missing",
            Err(_) => "is not a number: write plain digits with a point, like 23296.36",
        };
        Err(self.fault(column, problem.to_owned()))
    }

    fn text(&self, column: usize) -> &str {
        bare(self.cells.get(column).copied().unwrap_or_default())
    }

    fn fault(&self, column: usize, problem: String) -> Fault {
        let name = self.columns.names.get(column).map_or("", String::as_str);
        let name = if name.is_empty() { "index" } else { name };
        Fault { column: shorten(name, SHOWN_MAX), value: shorten(self.text(column), SHOWN_MAX), problem }
    }
}

/// An instant in any of the forms that are read. Without a zone it is UTC.
fn time(text: &str) -> Option<Ts> {
    const MILLIS_DIGITS: core::ops::RangeInclusive<usize> = 11..=14;
    if MILLIS_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Ts::from_millis);
    }
    let clock = text.get(10..)?;
    let zoned = clock.is_empty() || clock.contains(['Z', 'z', '+', '-']);
    if zoned { text.parse().ok() } else { format!("{text}Z").parse().ok() }
}

/// A field without spaces and quotes around it.
fn bare(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

/// Where the column `wanted` (in lower case) is.
fn position(names: &[String], wanted: &str) -> Result<Option<usize>, String> {
    let mut found = names.iter().enumerate().filter(|(_, name)| name.eq_ignore_ascii_case(wanted));
    let first = found.next().map(|(place, _)| place);
    match found.next() {
        Some((_, twin)) => Err(format!("column `{twin}` is there twice: remove or rename one of them")),
        None => Ok(first),
    }
}

fn title(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn shorten(text: &str, length_max: usize) -> String {
    let mut out: String = text.chars().take(length_max).flat_map(char::escape_debug).collect();
    if text.chars().nth(length_max).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_form_and_is_utc_without_a_zone() {
        let expected = Some(Ts::from_millis(1_665_360_000_000));
        for text in [
            "2022-10-10 00:00:00",
            "2022-10-10 00:00",
            "2022-10-10",
            "2022-10-10T00:00:00",
            "2022-10-10T00:00:00Z",
            "2022-10-10 00:00:00+00:00",
            "2022-10-10 02:00:00+02:00",
            "2022-10-09T20:00:00-0400",
            "2022-10-10 00:00:00.000",
            "1665360000000",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        for text in
            ["", "10/10/2022", "2022-13-01", "2022-10-10 25:00:00", "20221010", "1665360000", "0.97312"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn columns_are_found_in_any_order_and_case_and_the_missing_are_named() {
        let found = |header: &str| Columns::from_header(header.as_bytes(), true);
        let columns = found("index,VOLUME,close,LOW,High,open,Spread,Date").unwrap();
        assert_eq!(
            (columns.time, columns.prices, columns.volume, columns.index),
            (7, [5, 4, 3, 2], Some(1), Some(0))
        );
        let columns = found(",Open,High,Low,Close,Volume").unwrap();
        assert_eq!((columns.time, columns.index), (0, None));
        let columns = found("ts_ms,open,high,low,close,volume").unwrap();
        assert_eq!(columns.time, 0);
        for (header, says) in [
            ("", "does not start with a header"),
            ("Date;Open;High", "not separated by commas"),
            ("2022-10-10,1,1,1,1,1", "first line is a row already"),
            ("Date,Open,High,Low,Volume", "column Close is missing; found `Date,Open,High,Low,Volume`"),
            ("Open,High,Low,Close", "column Date, Volume (for ref_ob) is missing"),
            ("Date,Open,High,Low,Close,Volume,open", "column `open` is there twice"),
        ] {
            let error = found(header).unwrap_err();
            assert!(error.contains(says), "{header}: {error}");
        }
    }
}
