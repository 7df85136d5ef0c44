import { parseAddress } from '../../../net/address.ts';
import type { LogEntry } from '../log-entry.ts';
import { type LogFormat, type LogResult, observed, problem, skipped } from '../log-format.ts';
import { boundedName } from '../log-observation.ts';
import { fromWall, wallTime } from '../log-time.ts';

const line =
  /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) \[[a-z]{1,8}\] \d{1,10}#\d{1,10}: (?:\*\d{1,20} )?/;
const client = ', client: ';
const mismatch = '": password mismatch';
const notFound = '" was not found in "';

function read(entry: LogEntry): LogResult {
  const [whole, year, month, day, hour, minute, second] = line.exec(entry.message) ?? [];
  if (whole === undefined) return problem('nginx: cannot be read');
  const text = entry.message.slice(whole.length);
  if (!text.startsWith('user "')) return skipped('nginx: about something else than logging in');
  const end = [text.indexOf(mismatch), text.indexOf(notFound)].find((at) => at >= 0);
  if (end === undefined) return skipped('nginx: about something else than logging in');
  const at = text.indexOf(client);
  // Names are written as they came: one with these words in it could accuse any address.
  if (at < 0 || text.indexOf(client, at + 1) >= 0) return problem('nginx: more than one client');
  const source = parseAddress(text.slice(at + client.length).split(',', 1)[0] ?? '');
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const wall = wallTime(Number(year), Number(month) - 1, Number(day), clock);
  if (source === undefined || wall === undefined) return problem('nginx: cannot be read');
  return observed({
    at: fromWall(wall, entry.time),
    // Of its own, so that who follows the access log as well does not count twice.
    service: 'http (error log)',
    source,
    outcome: 'failed',
    user: boundedName(text.slice('user "'.length, end)),
    method: 'password',
    ...(entry.host !== undefined && { host: boundedName(entry.host) }),
  });
}

/** Messages of nginx's ngx_http_auth_basic_module in its error log. */
export const nginxError: LogFormat = {
  id: 'nginx-error',
  title: 'Error log of nginx',
  recognizes: ({ message }) => line.test(message),
  open: () => ({ read }),
};
