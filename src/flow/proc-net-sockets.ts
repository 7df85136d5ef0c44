import type { Address } from '../net/address.ts';

/** One line of /proc/net/tcp, tcp6, udp or udp6. */
export interface ProcNetSocket {
  readonly local: { readonly address: Address; readonly port: number };
  readonly remote: { readonly address: Address; readonly port: number };
  /** TCP state as the kernel numbers it; of a UDP socket 7, or 1 when it has a peer. */
  readonly state: number;
  /** How often in a row the oldest segment was sent again without an answer. */
  readonly retransmits: number;
  /** Socket inode; 0 when no process holds it (time-wait, request sockets). */
  readonly inode: number;
}

const line =
  /^\s*\d+: (?<local>[0-9A-F]{8}|[0-9A-F]{32}):(?<localPort>[0-9A-F]{4}) (?<remote>[0-9A-F]{8}|[0-9A-F]{32}):(?<remotePort>[0-9A-F]{4}) (?<state>[0-9A-F]{2}) \S+ \S+ (?<retransmits>[0-9A-F]{8}) +\d+ +\d+ (?<inode>\d+)/;

/** The kernel prints each 32-bit word of an address in host order, which is little-endian here. */
function word(hex: string, index: number): number {
  const value = Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function address(hex: string): Address {
  if (hex.length === 8) return { family: 4, a: 0, b: 0, c: 0, d: word(hex, 0) };
  return { family: 6, a: word(hex, 0), b: word(hex, 1), c: word(hex, 2), d: word(hex, 3) };
}

const isMapped = ({ family, a, b, c }: Address): boolean => family === 6 && !a && !b && c === 0xffff;
const isUnspecified = ({ a, b, c, d }: Address): boolean => !a && !b && !c && !d;
const toIpv4 = ({ d }: Address): Address => ({ family: 4, a: 0, b: 0, c: 0, d });

/** A row whose state is TIME_WAIT (6). */
const timeWait = /^\s*\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} 06 /;

/** The rows of a text one by one, so that a large one is not held twice. */
function* rows(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
  }
}

/**
 * Returns the sockets in the text of /proc/PID/net/tcp, tcp6, udp or udp6 (Documentation/networking/proc_net_tcp.rst). IPv4-mapped
 * addresses are turned into IPv4. Sockets in TIME_WAIT are left out, and lines that do not fit, such as the heading or a last one cut short, are left out.
 */
export function* parseProcNetSockets(text: string): Generator<ProcNetSocket> {
  for (const row of rows(text)) {
    // Over, but for the kernel's waiting. A busy server has tens of thousands of them: told apart before the costly match.
    if (timeWait.test(row)) continue;
    const parts = line.exec(row)?.groups;
    if (!parts) continue;
    let local = address(parts.local!);
    let remote = address(parts.remote!);
    if (local.family !== remote.family) continue;
    if (isMapped(remote) && (isMapped(local) || isUnspecified(local))) {
      local = toIpv4(local);
      remote = toIpv4(remote);
    }
    yield {
      local: { address: local, port: Number.parseInt(parts.localPort!, 16) },
      remote: { address: remote, port: Number.parseInt(parts.remotePort!, 16) },
      state: Number.parseInt(parts.state!, 16),
      retransmits: Number.parseInt(parts.retransmits!, 16),
      inode: Number(parts.inode),
    };
  }
}
