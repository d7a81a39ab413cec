//! Rows of numbers: the data of a list is one row `[1,2,3]` or rows `[[1,2,3],[4,5,6]]`.
//!
//! The text was found to be JSON before, so it is cut at its brackets and commas without reading it
//! again; what is no number is found to be none by whoever reads the cell.

/// Whether data are several rows; an empty list is that.
pub(super) fn are_many(data: &str) -> bool {
    let within = data.trim_start().strip_prefix('[').unwrap_or("").trim_start();
    within.starts_with('[') || within.starts_with(']')
}

/// The inner text of each row.
pub(super) fn of(data: &str) -> impl Iterator<Item = &str> {
    let data = data.trim();
    let within = data.strip_prefix('[').and_then(|data| data.strip_suffix(']')).unwrap_or("");
    let many = are_many(data);
    within.split(move |byte| many && byte == ']').filter_map(move |row| {
        let row = row.trim_start_matches([',', ' ', '\t', '\n', '\r']);
        if many { row.strip_prefix('[') } else { Some(row) }
    })
}

/// The first cells of a row; empty where there are fewer.
pub(super) fn cells<const N: usize>(row: &str) -> [&str; N] {
    let mut cells = [""; N];
    for (cell, text) in cells.iter_mut().zip(row.split(',')) {
        *cell = text.trim();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_one_and_in_many() {
        assert_eq!(of("[1, 2,3]").collect::<Vec<_>>(), ["1, 2,3"]);
        assert_eq!(of("[[1,2], [3,4]]").collect::<Vec<_>>(), ["1,2", "3,4"]);
        assert_eq!(of("[]").count(), 0);
        assert_eq!(cells::<3>("1, -2"), ["1", "-2", ""]);
        assert!(are_many("[ [1]]") && are_many("[]") && !are_many("[1]"));
    }
}
