import { Protocol, protocolName } from '../net/protocol.ts';

/** The protocols of the NetworkPolicy and Service API (core/v1 Protocol) with their IP protocol numbers. */
export const apiProtocols = { TCP: Protocol.Tcp, UDP: Protocol.Udp, SCTP: Protocol.Sctp } as const;

export type ApiProtocol = keyof typeof apiProtocols;

/** Returns the IP protocol number of an API protocol name; TCP for an absent one, undefined for any other value. */
export function apiProtocolNumber(name: unknown): number | undefined {
  if (name === undefined || name === null) return Protocol.Tcp;
  return name === 'TCP' || name === 'UDP' || name === 'SCTP' ? apiProtocols[name] : undefined;
}

/** Returns whether NetworkPolicies speak of this IP protocol number at all. */
export function isApiProtocol(protocol: number): boolean {
  return protocol === Protocol.Tcp || protocol === Protocol.Udp || protocol === Protocol.Sctp;
}

/** Returns e.g. `TCP`, `ICMP` or `protocol 253`. */
export function protocolText(protocol: number): string {
  const name = protocolName(protocol);
  return name === String(protocol) ? `protocol ${name}` : name.toUpperCase();
}
