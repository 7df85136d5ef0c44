import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';
import { feedOnce } from './child-line.ts';
import { severityOf } from './syslog-message.ts';

/** What logger(1) calls the severities. */
const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

/**
 * The syslog of this machine, by logger(1) of util-linux: Node has no datagram sockets of the Unix kind. Delivered is what
 * the socket took. `socket` is for another one than /dev/log.
 */
export class LocalSyslogTransport implements Transport {
  readonly kind = 'syslog';
  readonly target: string;
  readonly #isJson: boolean;
  readonly #arguments: readonly string[];

  constructor({ socket, json }: { readonly socket?: string; readonly json: boolean }) {
    this.target = socket ?? '/dev/log';
    this.#isJson = json;
    // Without a socket it would say nothing, and without a size it cuts at 1 KiB.
    const common = ['--socket-errors=on', '--tag', 'picket', '--size', '60KiB'];
    this.#arguments = socket === undefined ? common : [...common, '--socket', socket];
  }

  send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    const args = [...this.#arguments, '--priority', `user.${severities[severityOf(record)]}`];
    return feedOnce('logger', args, lineOf(record, this.#isJson), { name: 'logger', isQuiet: true }, signal);
  }

  reopen(): void {}

  async close(): Promise<void> {}
}
