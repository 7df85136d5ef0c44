import type { Address } from '../../../net/address.ts';
import { Protocol } from '../../../net/protocol.ts';
import { type LogResult, observed, problem, skipped } from '../log-format.ts';
import { boundedName } from '../log-observation.ts';

/** A packet that was not let through, as a log has it. */
export interface RefusedPacket {
  readonly at: number;
  readonly host: string | undefined;
  readonly source: Address;
  readonly sourcePort: string | undefined;
  readonly address: Address;
  readonly port: string | undefined;
  readonly protocol: number;
  /** Flags of TCP by their names; undefined where the log does not tell them. */
  readonly flags: ReadonlySet<string> | undefined;
  readonly isRejected: boolean;
}

const withPorts: ReadonlySet<number> = new Set([Protocol.Tcp, Protocol.Udp, Protocol.Sctp]);
/** Ports of services, and those that are given to clients (IANA and Linux begin elsewhere; this is below both). */
const lastServicePort = 1023;
const firstClientPort = 32_768;

/**
 * Returns what a refused packet tells. Those that answer something say nothing of who sent them: firewalls refuse the late end of
 * conversations that they have forgotten.
 */
export function refusedPacket(packet: RefusedPacket): LogResult {
  const { at, source, address, protocol, flags, isRejected, host } = packet;
  if (!withPorts.has(protocol)) return skipped('firewall: a protocol without ports');
  const port = portOf(packet.port);
  const sourcePort = portOf(packet.sourcePort);
  if (port === undefined || sourcePort === undefined) return problem('firewall: cannot be read');
  if (flags?.has('ACK') || flags?.has('RST')) return skipped('firewall: part of a conversation');
  if (protocol === Protocol.Udp && sourcePort <= lastServicePort && port >= firstClientPort)
    return skipped('firewall: looks like a late answer');
  return observed({
    at,
    service: 'firewall',
    source,
    sourcePort,
    outcome: 'refused',
    target: { address, port, protocol },
    ...(isRejected && { isRejected }),
    ...(host !== undefined && { host: boundedName(host) }),
  });
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
