import { isMulticast, parseAddress } from '../../../net/address.ts';
import { protocolNumber } from '../../../net/protocol.ts';
import type { LogEntry } from '../log-entry.ts';
import { type LogFormat, type LogResult, problem, skipped } from '../log-format.ts';
import { refusedPacket } from './refused-packet.ts';

/** ulogd writes the same line into a file of its own (its plugin SYSLOG or LOGEMU). */
const programs: ReadonlySet<string | undefined> = new Set(['kernel', 'ulogd', 'ulogd2']);

const uptime = /^\[\s{0,8}\d{1,12}\.\d{1,9}\] /;
const refusing = /drop|reject|block|deny|denied|refuse|discard/i;
const letting = /accept|allow|audit|pass|permit/i;

/** Tokens of a line that are looked at. */
const maxTokens = 64;

function read(entry: LogEntry): LogResult {
  const { at, host } = entry;
  const text = entry.message.replace(uptime, '');
  const start = beginOf(text);
  if (start < 0) return skipped('kernel: not of a packet');
  if (at === undefined) return problem('no time');
  const prefix = text.slice(0, start);
  if (!refusing.test(prefix) && letting.test(prefix))
    return skipped('firewall: let through, says its prefix');
  const { values, flags } = tokensOf(text.slice(start));
  const source = parseAddress(values.get('SRC') ?? '');
  const address = parseAddress(values.get('DST') ?? '');
  const protocol = protocolNumber(values.get('PROTO') ?? '');
  if (source === undefined || address === undefined || protocol === undefined)
    return problem('firewall: cannot be read');
  if (isMulticast(address) || (values.get('MAC') ?? '').startsWith('ff:ff:ff:ff:ff:ff'))
    return skipped('firewall: sent to everybody');
  return refusedPacket({
    at,
    host,
    source,
    sourcePort: values.get('SPT'),
    address,
    port: values.get('DPT'),
    protocol,
    // A kernel that tells of the window tells of the flags too.
    flags: values.has('WINDOW') ? flags : undefined,
    isRejected: /reject/i.test(prefix),
  });
}

/** Where what the kernel wrote begins, after the prefix of the rule. */
function beginOf(text: string): number {
  const at = text.startsWith('IN=') ? 0 : text.search(/[\s:\]]IN=\S* (?:OUT|PHYSIN)=/) + 1;
  return at > 0 || text.startsWith('IN=') ? at : -1;
}

/** `NAME=value` and flags as single words; within brackets stands the packet that an ICMP message is about. */
function tokensOf(text: string) {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (const token of (text.split(' [', 1)[0] ?? '').split(' ').slice(0, maxTokens)) {
    const equals = token.indexOf('=');
    if (equals < 0) flags.add(token);
    // Of a name that comes twice, LEN of IP and of UDP, the first counts.
    else if (!values.has(token.slice(0, equals))) values.set(token.slice(0, equals), token.slice(equals + 1));
  }
  return { values, flags };
}

/** Packets that rules with the target LOG or `log` of iptables and nftables told of (nf_log_syslog.c of Linux), also of UFW and firewalld. */
export const kernelFirewall: LogFormat = {
  id: 'kernel-firewall',
  title: 'Firewall of Linux',
  recognizes: ({ program }) => programs.has(program),
  open: () => ({ read }),
};
