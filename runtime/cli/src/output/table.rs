//! Tables: columns of text, two spaces apart. Invariant: a line never ends in blanks, and a cell is one line.

/// A table under its headings.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(ToString::to_string).collect()] }
    }

    /// Add a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell)).collect());
    }

    /// The table as text.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// A value, or a dash where there is none.
#[must_use]
pub fn or_dash(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// Names and values under each other, the values aligned.
#[must_use]
pub fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        let mut lines = value.lines();
        text.push_str(format!("{name:width$}  {}", lines.next().unwrap_or_default()).trim_end());
        text.push('\n');
        for line in lines {
            text.push_str(format!("{:width$}  {line}", "").trim_end());
            text.push('\n');
        }
    }
    text
}

/// A cell that is empty is shown as a dash, so that columns stay columns for whoever cuts them.
fn one_line(cell: &str) -> String {
    let line = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "-".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_trails() {
        let mut table = Table::new(&["NAME", "VERSION", "STATE"]);
        table.row(["population".to_owned(), "1.0.0".to_owned(), "live".to_owned()]);
        table.row(["hộ-tịch".to_owned(), String::new(), "a\nb".to_owned()]);
        assert_eq!(table.render(), "NAME        VERSION  STATE\npopulation  1.0.0    live\nhộ-tịch     -        a b\n");
    }

    #[test]
    fn facts_of_many_lines_stay_in_their_column() {
        let text = facts(&[("id", "7".to_owned()), ("services", "a\nb".to_owned()), ("none", String::new())]);
        assert_eq!(text, "id        7\nservices  a\n          b\nnone\n");
    }
}
