import type { Probe } from '../sensor.ts';
import { PacketRing, type PacketRingOptions } from './packet-ring.ts';

/** Says whether packets can be captured here, by opening a small ring, and why not. */
export function probeCapture(options: PacketRingOptions = {}): Probe {
  try {
    new PacketRing(() => {}, { ...options, promiscuous: false, ringBytes: 0 }).close();
    const where = options.interface ?? 'all interfaces of this network namespace';
    return { state: 'available', details: [`packets of ${where}, both ways`] };
  } catch (error) {
    return { state: 'unavailable', details: [(error as Error).message] };
  }
}
