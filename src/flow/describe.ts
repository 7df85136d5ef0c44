import { formatAddress } from '../net/address.ts';
import { protocolName } from '../net/protocol.ts';
import type { End, Flow } from './flow.ts';

/**
 * Returns the flow in one line, e.g. `curl[1234] shop/frontend → shop/backend:3000 tcp established allow`. Names stand
 * where something declared has the address; the verdict is left out when there is none.
 */
export function describeFlow({ source, destination, protocol, state, verdict }: Flow): string {
  const { process } = source;
  return [
    ...(process ? [`${process.comm}[${process.pid}]`] : []),
    nameOf(source),
    '→',
    `${nameOf(destination)}:${destination.port}`,
    protocolName(protocol),
    state,
    ...(verdict ? [verdict.outcome] : []),
  ].join(' ');
}

function nameOf({ address, identity }: End): string {
  const named = identity !== undefined && identity.kind !== 'unknown' && identity.kind !== 'loopback';
  if (named) return identity.name;
  return address.family === 6 ? `[${formatAddress(address)}]` : formatAddress(address);
}
