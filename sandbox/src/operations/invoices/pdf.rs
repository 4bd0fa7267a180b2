//! Generation of invoice PDFs.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::state::{BackgroundJob, Invoice, InvoiceFile, InvoiceStatus, Pdf, State, Tenant};

impl State {
    /// Requests a new PDF; one that is in progress is dropped. Canceled invoices get no PDF.
    pub(crate) fn make_pdf(&mut self, index: usize) {
        if self.invoices[index].status == InvoiceStatus::Canceled {
            return;
        }
        let (now, step) = (self.now, self.settings.pdf_step);
        let failed = self.take_failure(BackgroundJob::Pdf);
        let invoice = &mut self.invoices[index];
        invoice.drop_unfinished_pdf(now);
        let started = now.after(step);
        let finished = started.after(step);
        let file = InvoiceFile {
            id: self.ids.entity(),
            download_id: self.ids.entity(),
            name: None,
            available_at: finished,
            version: invoice.free_version(finished),
            bytes: Bytes::new(),
        };
        let url = file.url();
        invoice.pdf = Some(Pdf { requested: now, started, finished, failed, outdated: None, url });
        if !failed {
            let bytes = invoice.render(&self.tenant);
            self.invoices.add_file(index, InvoiceFile { bytes, ..file });
        }
    }

    /// Requests a new PDF if the current one is obsolete, as listing the files does.
    pub(crate) fn view_files(&mut self, index: usize) {
        let outdated = |pdf: &Pdf| pdf.outdated.is_some();
        if self.invoices[index].pdf.as_ref().is_some_and(outdated) {
            self.make_pdf(index);
        }
    }
}

impl Invoice {
    /// Renders one page with number, dates and amounts.
    fn render(&self, tenant: &Tenant) -> Bytes {
        let account = tenant.account(&self.account_id).map_or("", |account| account.account_number.as_str());
        let mut lines = vec![
            format!("Invoice {}", self.number),
            format!("Account {account}"),
            format!("Date {}, due {}", self.invoice_date, self.due_date),
            String::new(),
        ];
        // Items that do not fit on the page are omitted.
        for item in self.items.iter().take(40) {
            lines.push(format!("{}  {}", item.charge_name, item.amount));
        }
        lines.push(String::new());
        lines.push(format!("Total {} {}", self.amount(), self.currency));
        lines.push(format!("Balance {} {}", self.balance(), self.currency));
        document(&lines)
    }
}

/// Builds a PDF of one page of text.
fn document(lines: &[String]) -> Bytes {
    let mut page = "BT /F1 11 Tf 14 TL 56 780 Td".to_owned();
    for line in lines {
        let _ = write!(page, "\n({}) Tj T*", escaped(line));
    }
    page.push_str("\nET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R \
         /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", text.len());
        let _ = write!(text, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let (start, count) = (text.len(), objects.len() + 1);
    let _ = write!(
        text,
        "xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    Bytes::from(text)
}

/// Escapes text for a PDF string; the font of the page is limited to ASCII.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '(' | ')' | '\\' => escaped.extend(['\\', character]),
            ' '..='~' => escaped.push(character),
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_pdf_whose_table_points_at_its_objects() {
        let bytes = document(&["Invoice INV00000001".to_owned(), "50 % (of \\ 1 €)".to_owned()]);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("%PDF-1.4\n") && text.ends_with("%%EOF\n"));
        assert!(text.contains("(Invoice INV00000001) Tj") && text.contains(r"(50 % \(of \\ 1 ?\)) Tj"));
        let (_, start) = text.rsplit_once("startxref\n").unwrap();
        let start: usize = start.lines().next().unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref\n0 6\n"));
        for (index, row) in text[start..].lines().skip(3).take(5).enumerate() {
            let offset: usize = row[..10].parse().unwrap();
            assert_eq!(row.len(), 19, "a row and its line end are 20 bytes");
            assert!(text[offset..].starts_with(&format!("{} 0 obj\n", index + 1)));
        }
        let (_, stream) = text.split_once("/Length ").unwrap();
        let (length, stream) = stream.split_once(" >>\nstream\n").unwrap();
        let length: usize = length.parse().unwrap();
        assert!(stream[length..].starts_with("\nendstream"));
    }
}
