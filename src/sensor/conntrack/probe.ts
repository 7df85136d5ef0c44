import { ConntrackDecoder, statsRequest } from '../../flow/conntrack/decoder.ts';
import { Errno } from '../native/errno.ts';
import type { Probe } from '../sensor.ts';
import { conntrackGroups } from './groups.ts';
import { NetlinkError, NetlinkSocket } from './netlink-socket.ts';
import { type ConntrackSettings, readConntrackSettings } from './settings.ts';

/** Says what conntrack can give in the network namespace of the process, and what it lacks. Changes nothing. */
export function probeConntrack(): Probe {
  const refusal = tryOpen();
  if (refusal !== undefined) return { state: 'unavailable', details: [refusal] };
  const settings = readConntrackSettings();
  const missing = missingOf(settings);
  return {
    state: missing.length > 0 ? 'limited' : 'available',
    details: [
      ...missing,
      ...(settings.entries === 0
        ? [
            'The table is empty. The kernel tracks connections only in namespaces where a rule asks for it (ct state, NAT).',
          ]
        : []),
      `There is room for ${settings.most ?? 'an unknown number of'} entries in the kernel, of which ${settings.entries ?? 'an unknown number'} are taken.`,
    ],
  };
}

/** Returns in one sentence why the kernel's table cannot be read, and how to grant it; undefined when it can. */
export function tryOpen(): string | undefined {
  let socket: NetlinkSocket | undefined;
  try {
    socket = new NetlinkSocket(conntrackGroups);
    const refused: number[] = [];
    const decoder = new ConntrackDecoder({
      entry() {},
      dumped() {},
      refused: (_, errno) => void refused.push(errno),
      overrun() {},
    });
    socket.send(statsRequest(1));
    // The kernel answers before send(2) returns.
    const { bytes } = socket;
    socket.receive((start, end) => decoder.decode(bytes, start, end));
    return refused[0] ? whyNot(new NetlinkError('request', refused[0])) : undefined;
  } catch (error) {
    return whyNot(error as Error);
  } finally {
    socket?.close();
  }
}

/** Returns what to do about it, in one sentence. */
export function whyNot(error: Error): string {
  if (error instanceof NetlinkError) {
    const { errno } = error;
    if (errno === Errno.EPERM || errno === Errno.EACCES)
      return 'Reading connection tracking needs root, or CAP_NET_ADMIN in the user namespace that owns the network namespace (systemd: AmbientCapabilities=CAP_NET_ADMIN).';
    if (errno === Errno.EPROTONOSUPPORT || errno === Errno.EAFNOSUPPORT || errno === Errno.EINVAL)
      return 'The kernel does not tell of connection tracking: the module nf_conntrack_netlink is missing (modprobe nf_conntrack_netlink).';
  }
  return `Connection tracking cannot be read: ${error.message}.`;
}

function missingOf({ counts, timestamps, events }: ConntrackSettings): string[] {
  const missing: string[] = [];
  if (counts === false)
    missing.push(
      'No packets and bytes: the kernel counts them for new entries once net.netfilter.nf_conntrack_acct is 1 (sysctl -w; Picket does not set it).',
    );
  if (timestamps === false)
    missing.push(
      'No exact times of beginning and end: the kernel keeps them for new entries once net.netfilter.nf_conntrack_timestamp is 1.',
    );
  if (events === 0)
    missing.push(
      'No events: net.netfilter.nf_conntrack_events is 0, so that conversations between two dumps are not seen.',
    );
  return missing;
}
