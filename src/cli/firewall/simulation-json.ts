import { formatAddress } from '../../net/address.ts';
import type { SimulatedCapture } from './simulate-capture.ts';

/** Returns what became of the packets of a capture, for programs. */
export function simulationJson({ traced, ...rest }: SimulatedCapture): string {
  const result = {
    schemaVersion: 1,
    ...rest,
    traced: traced.map(({ wire, ...packet }) => {
      const { source, destination, protocol, sourcePort, port, icmpType, icmpCode, time } = wire;
      const ends = { source: formatAddress(source), destination: formatAddress(destination) };
      return { ...packet, time, protocol, ...ends, sourcePort, port, icmpType, icmpCode };
    }),
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}
