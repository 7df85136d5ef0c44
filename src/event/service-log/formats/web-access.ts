import { parseAddress } from '../../../net/address.ts';
import type { LogEntry } from '../log-entry.ts';
import { type LogFormat, type LogResult, observed, problem, skipped } from '../log-format.ts';
import { boundedName, boundedPath, type LogOutcome } from '../log-observation.ts';
import { monthOf, offsetOf, wallTime } from '../log-time.ts';

/** Quotes within are written as `\x22` or `\"`, so that a name or request cannot end early. */
const line =
  /^(\S{1,64}) \S{1,64} ([^"]{1,256}?) \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\] "((?:[^"\\]|\\.)*)" (\d{3}) (?:\d+|-)(?: |$)/;

const request = /^([A-Z]{1,16}) (\S+)(?: HTTP\/[\d.]{1,5})?$/;

function read(entry: LogEntry): LogResult {
  const match = line.exec(entry.message);
  if (match === null) return problem('web server: cannot be read');
  const [, from = '', name = '-', day, month = '', year, hour, minute, second, zone = '+0000', text = ''] =
    match;
  const status = Number(match[11]);
  const source = parseAddress(from);
  if (source === undefined) return skipped('web server: the source is a name');
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const wall = wallTime(Number(year), monthOf(month), Number(day), clock);
  if (wall === undefined) return problem('web server: cannot be read');
  const [, verb, path] = request.exec(text) ?? [];
  const user = name === '-' ? undefined : name;
  return observed({
    at: wall - offsetOf(zone),
    service: 'http',
    source,
    outcome: outcomeOf(status, verb, user),
    status,
    ...(user !== undefined && { user: boundedName(user) }),
    ...(verb !== undefined && { verb }),
    ...(path !== undefined && { path: boundedPath(path) }),
    ...(entry.host !== undefined && { host: boundedName(entry.host) }),
  });
}

/**
 * A browser asks without a name first, and gets 401 (RFC 9110 §11.6.1): only with a name, or where something was posted, it is a failure.
 * Applications answer 401 or 403 to a form with a wrong password.
 */
function outcomeOf(status: number, verb: string | undefined, user: string | undefined): LogOutcome {
  if (status === 401 && user !== undefined) return 'failed';
  if ((status === 401 || status === 403) && verb === 'POST') return 'failed';
  return user !== undefined && status >= 200 && status < 400 ? 'succeeded' : 'request';
}

/** The common and the combined log format of Apache, as nginx and others write them too (nginx: ngx_http_log_module, `combined`). */
export const webAccess: LogFormat = {
  id: 'web-access',
  title: 'Access log of nginx or Apache',
  recognizes: ({ message }) => line.test(message),
  open: () => ({ read }),
};
