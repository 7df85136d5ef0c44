import { isMulticast, parseAddress } from '../../../net/address.ts';
import { protocolNumber } from '../../../net/protocol.ts';
import type { LogEntry } from '../log-entry.ts';
import { type LogFormat, type LogResult, problem, skipped } from '../log-format.ts';
import { refusedPacket } from './refused-packet.ts';

const topic = /^firewall,\w{1,16} /;
const refusing = /drop|reject|block|deny|tarpit/i;
const letting = /accept|allow|pass/i;
const protocolPart = /, proto ([A-Za-z0-9-]{1,16})(?: \(([A-Z,]{1,64})\))?, /;
const v4 = /, ([\d.]{7,15}):(\d{1,5})->([\d.]{7,15}):(\d{1,5})(?:,|$)/;
const v6 = /, \[([\da-fA-F:.]{2,45})\]:(\d{1,5})->\[([\da-fA-F:.]{2,45})\]:(\d{1,5})(?:,|$)/;

function read({ at, host, message }: LogEntry): LogResult {
  if (at === undefined) return problem('no time');
  const text = message.slice(0, 1024).replace(topic, '');
  const prefix = text.split(/ in:/, 1)[0] ?? '';
  if (!refusing.test(prefix) && letting.test(prefix))
    return skipped('firewall: let through, says its prefix');
  const [, name, flags] = protocolPart.exec(text) ?? [];
  const [, from = '', sourcePort, to = '', port] = v4.exec(text) ?? v6.exec(text) ?? [];
  if (name === undefined) return skipped('firewall: not of a packet');
  const protocol = protocolNumber(name);
  if (protocol === undefined || sourcePort === undefined)
    return skipped('firewall: a protocol without ports');
  const source = parseAddress(from);
  const address = parseAddress(to);
  if (source === undefined || address === undefined) return problem('firewall: cannot be read');
  if (isMulticast(address)) return skipped('firewall: sent to everybody');
  const isRejected = /reject/i.test(prefix);
  const names = flags === undefined ? undefined : new Set(flags.split(','));
  return refusedPacket({ at, host, source, sourcePort, address, port, protocol, flags: names, isRejected });
}

/** Packets that rules of RouterOS with `log=yes` told of; a prefix that says neither is taken for a refusal. */
export const mikrotik: LogFormat = {
  id: 'mikrotik',
  title: 'Firewall of RouterOS',
  recognizes: ({ message }) => topic.test(message),
  open: () => ({ read }),
};
