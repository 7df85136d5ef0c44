import { formatAddress } from '../../net/address.ts';
import { ServiceLogReader } from './read-service-log.ts';

/** Noon of the 30th of November 2026, the time that tests read logs at. */
export const noon = Date.UTC(2026, 10, 30, 12);

/** What lines of one log tell, addresses as text, and what became of the others. */
export function readLines(lines: readonly string[], reference = noon) {
  const reader = new ServiceLogReader();
  const seen = lines
    .map((line) => reader.line(line, { reference }))
    .filter((one) => one !== undefined)
    .map(({ source, target, ...rest }) => ({
      ...rest,
      source: formatAddress(source),
      ...(target && { target: `${formatAddress(target.address)} ${target.port} ${target.protocol}` }),
    }));
  const { skipped, dropped } = reader.counts;
  return { seen, skipped: Object.fromEntries(skipped), dropped: Object.fromEntries(dropped) };
}

/** The same of messages of sshd, each in a line of its own. */
export function readSshd(...messages: readonly string[]) {
  return readLines(messages.map((message) => `Nov 30 11:00:00 edge sshd[7]: ${message}`));
}
