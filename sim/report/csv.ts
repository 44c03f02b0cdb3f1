/** Comma-separated values as RFC 4180 has them: quoted only where needed, quotes doubled, CRLF after each row. */

export type CsvCell = string | number | boolean | undefined;

/** A cell that a spreadsheet would run as a formula gets a leading apostrophe, as is the custom. */
function encoded(cell: CsvCell): string {
  if (cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Columns are those of all rows, in order of first appearance; what a row lacks is empty. */
export function csvOf(rows: readonly Readonly<Record<string, CsvCell>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(encoded).join(',')}\r\n`).join('');
}
