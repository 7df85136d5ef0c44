import { readFileSync } from 'node:fs';
import { formatAddress } from '../../net/address.ts';
import { CaptureReader } from '../capture/read-capture.ts';
import { Packet } from '../packet/packet.ts';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { addressOf } from './flow-of.ts';

/** A UDP datagram out of a capture. */
export interface Datagram {
  readonly source: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Returns the UDP datagrams of a capture file, in their order. */
export function datagramsOf(file: string): Datagram[] {
  const found: Datagram[] = [];
  const decoder = new PacketDecoder({ tunnels: false });
  const packet = new Packet();
  const reader = new CaptureReader((frame) => {
    if (decoder.decode(frame, packet) !== 0 || packet.protocol !== 17) return;
    found.push({
      source: formatAddress(addressOf(packet.family, packet.source)),
      sourcePort: packet.sourcePort,
      destinationPort: packet.destinationPort,
      bytes: frame.bytes.slice(packet.payloadStart, packet.payloadEnd),
      time: packet.seconds * 1000 + packet.nanoseconds / 1e6,
    });
  });
  reader.push(new Uint8Array(readFileSync(file)));
  reader.end();
  return found;
}
