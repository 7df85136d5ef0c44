import { parseReachFilter } from '../../../flow/filter-reach.ts';
import type { Posture } from '../../../posture/posture.ts';
import type { ReachEnd } from '../../../posture/reach/end.ts';
import { parseEndpoint } from '../../../posture/reach/parse-endpoint.ts';
import type { Endpoint } from '../../../segmentation/endpoint.ts';
import type { ApiProtocol } from '../../../segmentation/protocol.ts';
import type { HttpRequest } from '../../../segmentation/request.ts';
import { type Invocation, UsageError } from '../../command.ts';
import { accepted } from '../../filter.ts';
import type { MatrixQuestion } from './matrix.ts';

type Options = Invocation['options'];

/** Returns the end that the user named. Throws UsageError with the nearest match. */
export function endpointOf(text: string, posture: Posture): Endpoint {
  const parsed = parseEndpoint(text, posture);
  if ('end' in parsed) return parsed.end;
  throw new UsageError(parsed.message, parsed.help);
}

/** Returns the port that was given, if one was. Throws UsageError. */
export function portOf({ port }: Options): number | undefined {
  if (port === undefined) return undefined;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new UsageError(`--port must be a number from 1 to 65535, not ${port}`);
  }
  return number;
}

/** Returns what is asked of the matrix. Throws UsageError. */
export function matrixQuestion(options: Options, posture: Posture): MatrixQuestion {
  const { from, to, protocol, filter } = options;
  const port = portOf(options);
  return {
    scope: {
      ...(protocol === undefined ? {} : { protocol: protocol as ApiProtocol }),
      ...(port === undefined ? {} : { port }),
    },
    ...(from === undefined ? {} : { from: endTest('--from', String(from), posture) }),
    ...(to === undefined ? {} : { to: endTest('--to', String(to), posture) }),
    ...(filter === undefined ? {} : { filter: accepted(parseReachFilter(String(filter)), String(filter)) }),
    closed: options.closed === true,
  };
}

function endTest(option: string, text: string, posture: Posture): (end: ReachEnd) => boolean {
  const wanted = endpointOf(text, posture);
  if (wanted.kind === 'workload') {
    return (end) => end.kind === 'workload' && end.workload === wanted.workload;
  }
  if (wanted.kind === 'external') {
    return (end) => end.kind === 'external' && end.range.contains(wanted.address);
  }
  throw new UsageError(
    `${option} ${text} is a node, and nodes are no rows of the matrix`,
    'give --from, --to and --port for one connection',
  );
}

/** Returns what was said of the HTTP request; undefined when nothing was. Throws UsageError. */
export function requestOf({ method, path, host, header }: Options): HttpRequest | undefined {
  if ([method, path, host, header].every((option) => option === undefined)) return undefined;
  if (path !== undefined && !String(path).startsWith('/')) {
    throw new UsageError(`--path must begin with /, not ${path}`);
  }
  const query = String(path).indexOf('?');
  if (query >= 0) {
    throw new UsageError('--path is without the query', `write --path ${String(path).slice(0, query)}`);
  }
  return {
    ...(method === undefined ? {} : { method: String(method).toUpperCase() }),
    ...(path === undefined ? {} : { path: String(path) }),
    ...(host === undefined ? {} : { host: String(host).toLowerCase() }),
    ...(header === undefined ? {} : { headers: new Map((header as readonly string[]).map(headerOf)) }),
  };
}

/** Reads `name: value` (RFC 9110, section 5). */
function headerOf(text: string): [string, string] {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
    throw new UsageError(`--header must be 'name: value', not ${text}`);
  }
  return [name, text.slice(colon + 1).trim()];
}
