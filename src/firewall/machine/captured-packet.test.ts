import { expect, test } from 'vitest';
import { frameOf, lengthOf, numberAddress } from '../../enforce/trial/frames.ts';
import { Frame } from '../../flow/capture/frame.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { PacketDecoder } from '../../flow/packet/packet-decoder.ts';
import { wireOf } from './captured-packet.ts';
import { machineFor, poolsOf } from './judge.fixture.ts';
import { Simulation } from './simulation.ts';
import { addressOf, Traffic } from './traffic.fixture.ts';

test('packets of all kinds come back from their frames', () => {
  const ruleset = { tables: [], opaque: [] };
  const machine = machineFor(ruleset);
  const traffic = new Traffic(poolsOf(ruleset, machine), new Simulation(ruleset, machine), 4);
  const decoder = new PacketDecoder({ tunnels: false });
  const packet = new Packet();
  for (const [number, { wire }] of traffic.make(3000).entries()) {
    const frame = new Frame();
    frame.bytes = frameOf(wire, { number, port: 0 });
    frame.end = frame.bytes.length;
    frame.linkType = 1;
    expect(decoder.decode(frame, packet)).toBe(0);
    const { dscp: _, icmpId, ...rest } = wire;
    const read = wireOf(packet, frame);
    expect(read).toMatchObject({ ...rest, hardwareSource: numberAddress(number), packetType: 'unicast' });
    // Others than questions and answers have no identifier.
    if (wire.icmpType !== undefined && [0, 8, 128, 129].includes(wire.icmpType))
      expect(read.icmpId).toBe(icmpId);
  }
});

test('broadcasts, and options of TCP that end early', () => {
  const tcp = { flags: 2, sequence: 1, acknowledgement: 0, window: 5, payload: 0, scale: 7 };
  const bare = {
    time: 0,
    family: 4,
    protocol: 6,
    source: addressOf('198.51.100.7'),
    destination: addressOf('198.51.100.1'),
    sourcePort: 1,
    port: 2,
    hopLimit: 9,
    tcp,
  } as const;
  const frame = new Frame();
  frame.bytes = frameOf({ ...bare, length: lengthOf(bare) }, { number: 1, port: 0 });
  frame.end = frame.bytes.length;
  frame.linkType = 1;
  const [decoder, packet] = [new PacketDecoder(), new Packet()];
  const read = (change: (bytes: Uint8Array) => void) => {
    change(frame.bytes);
    expect(decoder.decode(frame, packet)).toBe(0);
    return wireOf(packet, frame);
  };
  expect(read(() => {}).tcp?.scale).toBe(7);
  expect(read((bytes) => bytes.fill(255, 0, 6)).packetType).toBe('broadcast');
  expect(read((bytes) => bytes.set([8, 0], 54)).tcp).not.toHaveProperty('scale');
  expect(read((bytes) => bytes.set([0, 3], 54)).tcp).not.toHaveProperty('scale');
});
