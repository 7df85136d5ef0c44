import { writePcap } from '../capture/write-capture.fixture.ts';

/** A UDP datagram, as it is put in a capture. */
export interface CapturedDatagram {
  readonly payload: Uint8Array;
  readonly destinationPort: number;
  /** Milliseconds since the epoch; default 0. */
  readonly time?: number;
}

/** Returns a capture (pcap 2.4, raw IPv4) of the datagrams from 198.51.100.1 port 40000 to 198.51.100.2, each whole. */
export function datagramPcap(datagrams: readonly CapturedDatagram[]): Uint8Array {
  const frames = datagrams.map(({ payload, destinationPort, time = 0 }) => {
    const bytes = new Uint8Array(28 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0x4500);
    view.setUint16(2, bytes.length);
    view.setUint16(8, 0x4011);
    view.setUint32(12, 0xc6336401);
    view.setUint32(16, 0xc6336402);
    view.setUint16(20, 40_000);
    view.setUint16(22, destinationPort);
    view.setUint16(24, 8 + payload.length);
    bytes.set(payload, 28);
    return { bytes, seconds: Math.floor(time / 1000), nanoseconds: (time % 1000) * 1e6 };
  });
  return writePcap(frames, { isBig: true, linkType: 101, snapLength: 65_535 + 28 });
}
