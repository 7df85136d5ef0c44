/** A UDP datagram, as it is put in a capture. */
export interface CapturedDatagram {
  readonly payload: Uint8Array;
  readonly destinationPort: number;
  /** Milliseconds since the epoch; default 0. */
  readonly time?: number;
}

/** Returns a capture (pcap 2.4, raw IPv4) of the datagrams from 198.51.100.1 port 40000 to 198.51.100.2, each whole. */
export function datagramPcap(datagrams: readonly CapturedDatagram[]): Uint8Array {
  const size = datagrams.reduce((sum, { payload }) => sum + 16 + 28 + payload.length, 24);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, 65_535 + 28);
  view.setUint32(20, 101);
  let at = 24;
  for (const { payload, destinationPort, time = 0 } of datagrams) {
    const length = 28 + payload.length;
    view.setUint32(at, Math.floor(time / 1000));
    view.setUint32(at + 4, (time % 1000) * 1000);
    view.setUint32(at + 8, length);
    view.setUint32(at + 12, length);
    at += 16;
    view.setUint16(at, 0x4500);
    view.setUint16(at + 2, length);
    view.setUint16(at + 8, 0x4011);
    view.setUint32(at + 12, 0xc6336401);
    view.setUint32(at + 16, 0xc6336402);
    view.setUint16(at + 20, 40_000);
    view.setUint16(at + 22, destinationPort);
    view.setUint16(at + 24, 8 + payload.length);
    bytes.set(payload, at + 28);
    at += length;
  }
  return bytes;
}
