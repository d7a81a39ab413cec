//! Lists of numbers, cut at their brackets and commas: a list is hardly longer than its numbers, and
//! a general reader would take longer for its form than for them. What is no number, or no word that
//! is known, is found to be none by whoever reads the piece.
//!
//! The data of a list is one row `[1,2,3]` or rows `[[1,2,3],[4,5,6]]`.

/// Pieces of a list that are looked at; lists here have at most five.
pub(super) const PIECES_MAX: usize = 8;

/// The first pieces of a list, and how many there are; none where brackets or quotes do not close,
/// or something stands behind the list.
pub(super) fn pieces(text: &str) -> Option<([&str; PIECES_MAX], usize)> {
    let mut pieces = [""; PIECES_MAX];
    let (mut count, mut depth, mut from) = (0, 0_u32, 1);
    let (mut quoted, mut escaped) = (false, false);
    let text = text.trim();
    if !text.starts_with('[') {
        return None;
    }
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth = depth.checked_add(1)?,
            b']' | b'}' | b',' => {
                let closes = byte != b',';
                if depth == 1 {
                    let piece = text[from..at].trim();
                    // An empty list has no piece; an empty piece is none.
                    if piece.is_empty() && !(closes && count == 0) {
                        return None;
                    }
                    if count < PIECES_MAX && !piece.is_empty() {
                        pieces[count] = piece;
                        count += 1;
                    }
                    from = at + 1;
                }
                depth = depth.checked_sub(u32::from(closes))?;
                if depth == 0 {
                    let is_whole = byte == b']' && at + 1 == text.len();
                    return is_whole.then_some((pieces, count));
                }
            }
            _ => {}
        }
    }
    None
}

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
        // Between rows nothing else may stand; what does is a row without cells.
        let within = row.strip_prefix('[').or((!row.is_empty()).then_some(""));
        if many { within } else { Some(row) }
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
    fn a_list_is_cut_where_its_own_commas_are() {
        let cut = |text| pieces(text).map(|(pieces, count)| pieces[..count].to_vec());

        assert_eq!(
            cut(r#" [17, "a,]\"", [[1,2],[3]] ,5] "#).unwrap(),
            ["17", r#""a,]\"""#, "[[1,2],[3]]", "5"]
        );
        assert_eq!(cut("[]").unwrap(), Vec::<&str>::new());
        for text in ["", "[", "]", "[1", "[1,]", "[,1]", "[1]]", "[1] 2", "[\"a]", "[1}", "{1]"] {
            assert_eq!(cut(text), None, "{text}");
        }
    }

    #[test]
    fn rows_are_found_in_one_and_in_many() {
        assert_eq!(of("[1, 2,3]").collect::<Vec<_>>(), ["1, 2,3"]);
        assert_eq!(of("[[1,2], [3,4]]").collect::<Vec<_>>(), ["1,2", "3,4"]);
        assert_eq!(of("[]").count(), 0);
        assert_eq!(of("[[1,2],3,4]").collect::<Vec<_>>(), ["1,2", ""]);
        assert_eq!(cells::<3>("1, -2"), ["1", "-2", ""]);
        assert!(are_many("[ [1]]") && are_many("[]") && !are_many("[1]"));
    }
}
