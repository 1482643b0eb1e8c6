/** A table as a file: RFC 4180, with a mark that makes spreadsheets read UTF-8. */

export function csvText(head: string[], rows: (string | number | null)[][]): string {
  const cell = (value: string | number | null) => {
    let text = value === null ? '' : String(value);
    // A spreadsheet would run a text that begins like a formula.
    if (typeof value === 'string' && /^[=+\-@\t]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

export function saveCsv(name: string, head: string[], rows: (string | number | null)[][]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([csvText(head, rows)], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
