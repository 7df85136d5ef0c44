import { wireOf } from '../../firewall/machine/captured-packet.ts';
import type { Machine } from '../../firewall/machine/machine.ts';
import { Routing } from '../../firewall/machine/machine.ts';
import { type PacketFate, Simulation } from '../../firewall/machine/simulation.ts';
import type { WirePacket } from '../../firewall/machine/wire-packet.ts';
import type { Step } from '../../firewall/simulate.ts';
import { CaptureReader } from '../../flow/capture/read-capture.ts';
import { dropReasonNames } from '../../flow/packet/drop-reason.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { PacketDecoder } from '../../flow/packet/packet-decoder.ts';
import type { ExplainedStep, FirewallSources } from './firewall-sources.ts';

/** One packet of the capture with its way through the rules. */
export interface TracedPacket {
  /** Number in the capture, from 1. */
  readonly number: number;
  readonly wire: WirePacket;
  readonly way: string;
  readonly state: string;
  readonly outcome: PacketFate['outcome'];
  readonly why?: string;
  readonly steps: readonly ExplainedStep[];
}

/** What became of the packets of a capture. */
export interface SimulatedCapture {
  readonly packets: number;
  readonly outcomes: Readonly<Record<PacketFate['outcome'], number>>;
  readonly states: Readonly<Record<string, number>>;
  /** Rules and ends of chains, in the order of the texts, with the packets that matched. */
  readonly rules: readonly {
    readonly step: ExplainedStep;
    readonly packets: number;
    readonly maybe: number;
  }[];
  /** Of packets that are not known, and of those that no rule dropped: how many for which reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Frames that hold no packet of IP, by reason. */
  readonly unread: Readonly<Record<string, number>>;
  /** What is wrong with the capture. */
  readonly problem?: string;
  readonly connections: number;
  readonly evicted: number;
  readonly traced: readonly TracedPacket[];
}

export interface SimulateOptions {
  /** Interface by which packets of the capture come in; the interface that the capture names goes before. */
  readonly inInterface: string;
  /** Packets whose way is kept: as many from the beginning. */
  readonly trace: number;
  readonly step: () => void;
}

/** Sends all packets of a capture through a machine's rules. Those from its own addresses it sends itself. */
export class CaptureSimulator {
  readonly #sources: FirewallSources;
  readonly #machine: Machine;
  readonly #options: SimulateOptions;
  readonly #simulation: Simulation;
  readonly #routing: Routing;
  readonly #reader = new CaptureReader((frame) => {
    const problem = this.#decoder.decode(frame, this.#packet);
    if (problem !== 0) return;
    this.#take(wireOf(this.#packet, frame), this.#reader.interfaces[frame.interface]?.name);
  });
  readonly #decoder = new PacketDecoder({ tunnels: false });
  readonly #packet = new Packet();
  readonly #outcomes = { delivered: 0, forwarded: 0, sent: 0, dropped: 0, unknown: 0 };
  readonly #states: Record<string, number> = {};
  readonly #reasons = new Map<string, number>();
  readonly #counts = new Map<unknown, { step: Step; packets: number; maybe: number }>();
  readonly #traced: TracedPacket[] = [];
  #time = 0;
  #number = 0;

  constructor(sources: FirewallSources, machine: Machine, options: SimulateOptions) {
    this.#sources = sources;
    this.#machine = machine;
    this.#options = options;
    this.#simulation = new Simulation(sources.ruleset, machine);
    this.#routing = new Routing(machine);
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Says that nothing more comes, and returns what has become of all. */
  end(): SimulatedCapture {
    this.#reader.end();
    const { connections, evicted } = this.#simulation.state;
    const { problem } = this.#reader;
    const unread = dropReasonNames.flatMap((name, reason) => {
      const count = this.#decoder.counts[reason]!;
      return reason === 0 || count === 0 ? [] : [[name, count] as const];
    });
    return {
      packets: this.#number,
      outcomes: this.#outcomes,
      states: this.#states,
      rules: this.#rules(),
      reasons: Object.fromEntries(this.#reasons),
      unread: Object.fromEntries(unread),
      ...(problem !== undefined && { problem: problem.message }),
      connections,
      evicted,
      traced: this.#traced,
    };
  }

  #take(packet: WirePacket, captured: string | undefined): void {
    // The time line never runs backwards, whatever the capture says.
    this.#time = Math.max(this.#time, packet.time);
    const wire = { ...packet, time: this.#time };
    const isOwn = this.#routing.typeOf(wire.source) === 'LOCAL';
    const known = this.#machine.interfaces.some(({ name }) => name === captured);
    const inInterface = known ? captured! : this.#options.inInterface;
    const fate = isOwn ? this.#simulation.send(wire) : this.#simulation.receive(wire, inInterface);
    this.#number++;
    this.#outcomes[fate.outcome]++;
    const { state } = fate.packet;
    this.#states[state] = (this.#states[state] ?? 0) + 1;
    if (fate.why !== undefined) this.#reasons.set(fate.why, (this.#reasons.get(fate.why) ?? 0) + 1);
    for (const step of fate.trail) this.#count(step);
    if (this.#number <= this.#options.trace) this.#keep(wire, fate, isOwn ? 'out' : inInterface);
    this.#options.step();
  }

  #count(step: Step): void {
    const key = step.rule ?? step.chain;
    const counted = this.#counts.get(key) ?? { step, packets: 0, maybe: 0 };
    this.#counts.set(key, counted);
    if (step.certain || step.rule === undefined) counted.packets++;
    else counted.maybe++;
  }

  #keep(wire: WirePacket, { outcome, packet, why, trail }: PacketFate, way: string): void {
    this.#traced.push({
      number: this.#number,
      wire,
      way,
      state: packet.state,
      outcome,
      ...(why !== undefined && { why }),
      steps: trail.map((step) => this.#sources.explain(step)),
    });
  }

  /** All rules of all tables, those too that no packet met; chains that are not come to end nothing. */
  #rules(): SimulatedCapture['rules'] {
    return this.#sources.ruleset.tables.flatMap((table) =>
      [...table.chains.values()].flatMap((chain) => {
        const rules = chain.rules.map((rule) => this.#ruleCount({ table, chain, rule, certain: true }, rule));
        return chain.base === undefined || (chain.rules.length === 0 && !this.#counts.has(chain))
          ? rules
          : [...rules, this.#ruleCount({ table, chain, certain: true }, chain)];
      }),
    );
  }

  #ruleCount(step: Step, key: unknown): SimulatedCapture['rules'][number] {
    const { packets, maybe } = this.#counts.get(key) ?? { packets: 0, maybe: 0 };
    return { step: this.#sources.explain(step), packets, maybe };
  }
}
