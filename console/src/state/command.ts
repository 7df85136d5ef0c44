/**
 * Returns `argument` quoted for a POSIX shell (IEEE Std 1003.1, 2.2.2 Single-Quotes): inside single quotes nothing is
 * special, and a single quote itself is written as `'\''`.
 */
export function shellQuote(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

/** Returns the command line that lists the same flows as the page does under `filter`. */
export function flowsCommand(filter: string): string {
  return filter.trim() === '' ? 'picket flows' : `picket flows ${shellQuote(filter.trim())}`;
}
