//! The comparisons as a table.

use super::Row;

/// A table in Markdown, readable as plain text too.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| set | compared | equal | of | differences, and why |\n| --- | --- | ---: | ---: | --- |\n",
    );
    for row in rows {
        let reasons = row.explained.iter();
        let mut why: Vec<String> = reasons
            .map(|difference| format!("{}: {}", difference.count, difference.reason))
            .collect();
        if !row.holds() {
            why.push("**not explained**".to_owned());
        }
        let Row { set, compared, equal, total, .. } = row;
        let why = why.join("; ");
        text.push_str(&format!("| {set} | {compared} | {equal} | {total} | {why} |\n"));
    }
    text
}
