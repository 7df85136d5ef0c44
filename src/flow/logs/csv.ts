/** Returns one record with its line end; fields that need it are quoted (RFC 4180, section 2). */
export function csvRecord(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}

/**
 * Returns a value as a field; empty for none. A text that a spreadsheet would take for a formula is led by an apostrophe: names come
 * from outside.
 */
export function csvField(value: string | number | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
}
