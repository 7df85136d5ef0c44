import { type Address, formatAddress, parseAddress } from '../../../net/address.ts';
import type { LogEntry } from '../log-entry.ts';
import { type LogFormat, type LogParser, type LogResult, observed, problem, skipped } from '../log-format.ts';
import { boundedName, type LogOutcome } from '../log-observation.ts';

/** `sshd-session` since OpenSSH 9.8, `sshd-auth` since 10.0. */
const programs: ReadonlySet<string | undefined> = new Set(['sshd', 'sshd-session', 'sshd-auth']);

/** Connections whose messages are put together. */
const maxConnections = 2048;
/** Repeats that a line may stand for. */
const maxRepeats = 1000;

const repeated = /^message repeated (\d{1,6}) times: \[ (.*)\]$/;
const accepted = /^Accepted (\S{1,64}) for (\S{1,256}) from (\S{1,64}) port (\d{1,5})(?: |$)/;
const failed = /^Failed (\S{1,64}) for (invalid user )?/;
const ended = /^(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user /;
/** Ways to log in of which a client tries several by itself, and that nobody guesses. */
const notGuessed: ReadonlySet<string> = new Set(['none', 'publickey', 'hostbased']);

const protocol = ' ssh2';

/** What was told of one connection: of a user that is not there, and of a failure. */
interface Connection {
  isInvalidTold: boolean;
  isFailureTold: boolean;
}

/** Who came from where; `before` is what stands in front of it, `rest` what stands behind. */
interface Peer {
  readonly before: string;
  readonly address: Address;
  readonly port: number;
}

class SshdParser implements LogParser {
  readonly #connections = new Map<string, Connection>();

  read(entry: LogEntry): LogResult {
    const repeats = repeated.exec(entry.message);
    if (repeats === null) return this.#read(entry, entry.message, 1);
    return this.#read(entry, repeats[2] ?? '', Math.min(maxRepeats, Number(repeats[1])));
  }

  #read(entry: LogEntry, text: string, count: number): LogResult {
    if (text.startsWith('Accepted ')) return this.#accepted(entry, text);
    if (text.startsWith('Failed ')) return this.#failed(entry, text, count);
    if (text.startsWith('Invalid user ')) return this.#invalid(entry, text, count);
    if (ended.test(text)) return this.#ended(entry, text);
    return skipped('sshd: about something else than logging in');
  }

  #accepted(entry: LogEntry, text: string): LogResult {
    const [, method, user = '', from = '', port] = accepted.exec(text) ?? [];
    if (method === undefined) return problem('sshd: cannot be read');
    const address = addressOf(from);
    if (address === undefined) return skipped('sshd: the source is a name');
    return told(entry, { before: '', address, port: Number(port) }, 'succeeded', { user, method });
  }

  /** The first failure of a user that is not there has been told by the message before it. */
  #failed(entry: LogEntry, text: string, count: number): LogResult {
    const [beginning = '', method, invalid] = failed.exec(text) ?? [];
    if (method !== undefined && notGuessed.has(method))
      return skipped('sshd: a way that clients try by themselves');
    // Nothing stands behind that, but for keys: a name may have the word in it.
    if (method === undefined || !text.endsWith(protocol)) return problem('sshd: cannot be read');
    const peer = peerOf(text.slice(beginning.length, -protocol.length), ' from ');
    if (peer === undefined) return problem('sshd: cannot be read');
    if (peer === 'name') return skipped('sshd: the source is a name');
    const connection = this.#connection(peer);
    const known = invalid !== undefined && connection.isInvalidTold ? 1 : 0;
    connection.isInvalidTold = false;
    connection.isFailureTold = true;
    if (count <= known) return skipped('sshd: told before');
    return told(entry, peer, 'failed', { user: peer.before, method, count: count - known });
  }

  #invalid(entry: LogEntry, text: string, count: number): LogResult {
    const peer = peerOf(text.slice('Invalid user '.length), ' from ');
    if (peer === undefined) return problem('sshd: cannot be read');
    if (peer === 'name') return skipped('sshd: the source is a name');
    const connection = this.#connection(peer);
    connection.isInvalidTold = true;
    connection.isFailureTold = true;
    return told(entry, peer, 'failed', { user: peer.before, count });
  }

  /** Who gave up before anything failed had keys only, or was asked for a password and had none. */
  #ended(entry: LogEntry, text: string): LogResult {
    const [beginning = ''] = ended.exec(text) ?? [];
    const peer = peerOf(text.slice(beginning.length).replace(/ \[preauth\]$/, ''), ' ');
    if (peer === undefined) return problem('sshd: cannot be read');
    if (peer === 'name') return skipped('sshd: the source is a name');
    const { isFailureTold } = this.#connection(peer);
    this.#connections.delete(keyOf(peer));
    return isFailureTold ? skipped('sshd: told before') : told(entry, peer, 'failed', { user: peer.before });
  }

  #connection(peer: Peer): Connection {
    const key = keyOf(peer);
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    // Who was forgotten is counted twice at most.
    if (this.#connections.size >= maxConnections)
      this.#connections.delete(this.#connections.keys().next().value as string);
    const connection = { isInvalidTold: false, isFailureTold: false };
    this.#connections.set(key, connection);
    return connection;
  }
}

function keyOf({ address, port }: Peer): string {
  return `${formatAddress(address)} ${port}`;
}

/**
 * The end of a text `<user> from <address> port <number>`. The user is what the client sent, so it may look like an address and a port
 * itself: the last ones count.
 */
function peerOf(text: string, word: string): Peer | 'name' | undefined {
  const portAt = text.lastIndexOf(' port ');
  const port = text.slice(portAt + ' port '.length);
  if (portAt < 0 || !/^\d{1,5}$/.test(port)) return undefined;
  const at = text.lastIndexOf(word, portAt - 1);
  if (at < 0) return undefined;
  const from = text.slice(at + word.length, portAt);
  if (from === '' || from.includes(' ')) return undefined;
  const address = addressOf(from);
  return address === undefined ? 'name' : { before: text.slice(0, at), address, port: Number(port) };
}

/** With `UseDNS yes` a name may stand there, which whoever owns the address can choose. */
function addressOf(text: string): Address | undefined {
  return parseAddress(text.replace(/%.*$/, ''));
}

function told(
  { at, host }: LogEntry,
  { address, port }: Peer,
  outcome: LogOutcome,
  { user, method, count = 1 }: { readonly user: string; readonly method?: string; readonly count?: number },
): LogResult {
  if (at === undefined) return problem('no time');
  return observed({
    at,
    service: 'ssh',
    source: address,
    sourcePort: port,
    outcome,
    user: boundedName(user),
    ...(count > 1 && { count }),
    ...(method !== undefined && { method: boundedName(method) }),
    ...(host !== undefined && { host: boundedName(host) }),
  });
}

/** Messages of OpenSSH's server, as auth.c, auth2.c and packet.c of its portable release write them at the level INFO. */
export const sshd: LogFormat = {
  id: 'sshd',
  title: 'OpenSSH server',
  recognizes: ({ program }) => programs.has(program),
  open: () => new SshdParser(),
};
