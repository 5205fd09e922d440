//! Tables of text, as restic lays them out.
//!
//! Columns are as wide as their widest line and two blanks apart; a row may have several lines.

/// A table that is written when it is whole.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Vec<String>>>,
    footer: Vec<String>,
    blank_between_rows: bool,
}

const GAP: &str = "  ";

impl Table {
    /// Adds a column. Blanks at the end of the heading set its least width.
    pub(crate) fn column(&mut self, heading: &'static str) {
        self.columns.push(heading);
    }

    /// Adds a row: for each column its lines.
    pub(crate) fn row(&mut self, cells: Vec<Vec<String>>) {
        self.rows.push(cells);
    }

    /// Adds a line below the table.
    pub(crate) fn footer(&mut self, line: impl Into<String>) {
        self.footer.push(line.into());
    }

    /// Separates the rows by blank lines.
    pub(crate) fn separate_rows(&mut self) {
        self.blank_between_rows = true;
    }

    /// The table's lines, without blanks at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        if self.columns.is_empty() {
            return Vec::new();
        }
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let header = line(&self.columns, &widths);
        let rule = "-".repeat(widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1));

        let mut lines = vec![header, rule.clone()];
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 && self.blank_between_rows {
                lines.push(String::new());
            }
            let height = row.iter().map(Vec::len).max().unwrap_or(0).max(1);
            for at in 0..height {
                let cells: Vec<&str> =
                    row.iter().map(|cell| cell.get(at).map_or("", String::as_str)).collect();
                lines.push(line(&cells, &widths));
            }
        }
        lines.push(rule);
        lines.extend(self.footer.iter().cloned());
        lines
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).flatten();
        let widest = cells.map(|line| line.chars().count()).max().unwrap_or(0);
        widest.max(self.columns[at].chars().count())
    }
}

fn line(cells: &[&str], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_line() {
        let mut table = Table::default();
        table.column("ID");
        table.column("Tags  ");
        table.column("Size");
        table.row(vec![cell("a1"), cell("x\nlonger-tag"), cell("5 B")]);
        table.row(vec![cell("b2"), cell(""), cell("20 KiB")]);
        table.separate_rows();
        table.footer("2 snapshots");
        let expected = [
            "ID  Tags        Size",
            "----------------------",
            "a1  x           5 B",
            "    longer-tag",
            "",
            "b2              20 KiB",
            "----------------------",
            "2 snapshots",
        ];
        assert_eq!(table.lines(), expected);
    }
}
