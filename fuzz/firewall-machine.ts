/**
 * Throws damaged frames at a machine that tracks and translates: node fuzz/firewall-machine.ts [--seconds N] [--seed S].
 * Nothing may throw, and no more connections may be kept than there is room for.
 */

import { frameOf } from '../src/enforce/trial/frames.ts';
import { wireOf } from '../src/firewall/machine/captured-packet.ts';
import { machineFor, poolsOf } from '../src/firewall/machine/judge.fixture.ts';
import { Simulation } from '../src/firewall/machine/simulation.ts';
import { siteRules } from '../src/firewall/machine/site-rules.fixture.ts';
import { randomFrom, Traffic } from '../src/firewall/machine/traffic.fixture.ts';
import { Frame } from '../src/flow/capture/frame.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const room = 200;
const sites = siteRules().map((rules) => ({ rules, machine: machineFor(rules.ruleset) }));

interface Case {
  readonly site: number;
  readonly frames: readonly Uint8Array[];
}

function* cases(seed: number): Generator<Case> {
  const random = randomFrom(seed);
  const site = seed % sites.length;
  const { rules, machine } = sites[site]!;
  const simulation = new Simulation(rules.ruleset, machine);
  const packets = new Traffic(poolsOf(rules.ruleset, machine), simulation, seed).make(400);
  const frames = packets.map(({ wire }, number) => damaged(frameOf(wire, { number, port: 0 }), random));
  yield { site, frames };
}

/** Changes bytes behind the link layer, or cuts the frame off, now and then. */
function damaged(frame: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  for (let i = below(4); i > 0; i--) frame[14 + below(frame.length - 14)] = below(256);
  return random() < 0.1 ? frame.subarray(0, below(frame.length)) : frame;
}

function run({ site, frames }: Case): void {
  const { rules, machine } = sites[site]!;
  const simulation = new Simulation(rules.ruleset, { ...machine, connections: room });
  const [decoder, packet] = [new PacketDecoder({ tunnels: false }), new Packet()];
  for (const bytes of frames) {
    const frame = new Frame();
    frame.bytes = bytes;
    frame.end = bytes.length;
    frame.linkType = 1;
    if (decoder.decode(frame, packet) !== 0) continue;
    const wire = wireOf(packet, frame);
    for (const { name } of machine.interfaces) simulation.receive(wire, name);
    simulation.send(wire);
  }
  if (simulation.state.connections > room)
    throw new Error(`${simulation.state.connections} connections are kept`);
}

fuzz(fuzzOptions(), 2000, cases, run, ({ site, frames }) =>
  JSON.stringify({
    site: sites[site]!.rules.name,
    frames: frames.map((one) => Buffer.from(one).toString('hex')),
  }),
);
