import type { Ruleset } from '../../firewall/ruleset.ts';
import type { Direction } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Prefix } from '../../net/prefix.ts';
import type { AddressAtoms } from '../../segmentation/address-atoms.ts';
import {
  type AnswerId,
  type AnswerTable,
  answerProtocols,
  type PortBounds,
} from '../../segmentation/answers.ts';
import { type Endpoint, nodesOf, viewOf } from '../../segmentation/endpoint.ts';
import type { WorkloadClasses } from '../../segmentation/equivalence.ts';
import { foldOutcomes } from '../../segmentation/explain.ts';
import type { Workload } from '../../segmentation/model.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { readFirewalls } from '../firewalls.ts';
import { hostFirewallLayer } from '../layers/host-firewall.ts';
import { tunnelLayer } from '../layers/tunnel.ts';
import type { Declared } from '../posture.ts';
import { readTunnels } from '../tunnels.ts';

/** The layers of machines: what their packet filters and tunnels say. */
const hostLayers = [hostFirewallLayer, tunnelLayer];

/** Multicast of both families, of which rules may ask without naming it. */
const multicast: readonly Prefix[] = [
  { address: parseAddress('224.0.0.0')!, length: 4 },
  { address: parseAddress('ff00::')!, length: 8 },
];

/**
 * Packet filters and tunnels of machines over classes of workloads: what they leave of an answer. They see of a pod its
 * machine and its addresses only, so that few pairs differ; rules tell ports apart at the bounds of their ranges only, so
 * that one port of each stretch between stands for it. Costs nothing where none is declared.
 */
export class HostAnswers {
  readonly #declared: Declared;
  readonly #answers: AnswerTable;
  readonly #atoms: AddressAtoms;
  readonly #stretches: readonly PortSet[];
  readonly #isDeclared: boolean;
  /** What machines see, by the number of the view. */
  readonly #views: Workload[] = [];
  readonly #numbers = new Map<string, number>();
  /** View per class of workloads. */
  #of: readonly number[] = [];
  readonly #known = new Map<string, AnswerId>();

  constructor(declared: Declared, answers: AnswerTable, atoms: AddressAtoms) {
    const firewalls = readFirewalls(declared.controls);
    this.#declared = declared;
    this.#answers = answers;
    this.#atoms = atoms;
    this.#isDeclared = firewalls.length > 0 || readTunnels(declared.controls).length > 0;
    this.#stretches = stretches(firewalls.map(({ ruleset }) => ruleset));
  }

  /** Returns a text that is equal for workloads that machines do not tell apart. */
  signature(workload: Workload): string {
    if (!this.#isDeclared) return '';
    const end: Endpoint = { kind: 'workload', workload };
    const nodes = nodesOf(end);
    const { addresses } = viewOf(end, this.#declared.inventory);
    const seen = ([4, 6] as const).map((family) => {
      const [first, second] = addresses.filter((address) => address.family === family);
      if (first === undefined) return '';
      return second === undefined ? this.#atoms.at(first) : 'many';
    });
    return `${workload.hostNetwork} ${nodes === 'anywhere' ? nodes : [...nodes]} ${seen}`;
  }

  /** Takes in the classes, which are told apart by {@link signature} too. */
  setClasses({ representatives }: WorkloadClasses): void {
    this.#of = representatives.map((workload) => {
      const key = this.signature(workload);
      const number = this.#numbers.get(key) ?? this.#views.push(workload) - 1;
      this.#numbers.set(key, number);
      return number;
    });
  }

  /** Returns what is left of `answer` between two classes of workloads; of one direction's part alone, when it is given. */
  between(from: number, to: number, answer: AnswerId, direction?: Direction): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const [source, destination] = [this.#of[from] as number, this.#of[to] as number];
    const own = this.#once(`${source} ${destination} ${direction}`, () =>
      this.#ask(this.#end(source), this.#end(destination), direction),
    );
    return this.#answers.both(answer, own);
  }

  /** Returns what is left of `answer` from an atom of the address space to a class of workloads. */
  fromOutside(atom: number, to: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const destination = this.#of[to] as number;
    const own = this.#once(`out ${atom} ${destination}`, () =>
      this.#ask(this.#outside(atom), this.#end(destination)),
    );
    return this.#answers.both(answer, own);
  }

  /** Returns what is left of `answer` from a class of workloads to an atom of the address space. */
  toOutside(from: number, atom: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const source = this.#of[from] as number;
    const own = this.#once(`${source} out ${atom}`, () => this.#ask(this.#end(source), this.#outside(atom)));
    return this.#answers.both(answer, own);
  }

  #end(view: number): Endpoint {
    return { kind: 'workload', workload: this.#views[view] as Workload };
  }

  #outside(atom: number): Endpoint {
    const address = this.#atoms.atoms[atom]?.sample;
    if (address === undefined) throw new RangeError(`there is no atom ${atom}`);
    return { kind: 'external', address };
  }

  #once(key: string, ask: () => AnswerId): AnswerId {
    const known = this.#known.get(key) ?? ask();
    this.#known.set(key, known);
    return known;
  }

  #ask(source: Endpoint, destination: Endpoint, direction?: Direction): AnswerId {
    const boundsOf = (protocol: ApiProtocol): PortBounds => {
      let [certain, possible] = [PortSet.empty, PortSet.empty];
      for (const ports of this.#stretches) {
        const port = ports.first() as number;
        const question = { source, destination, protocol: apiProtocols[protocol], port };
        const reasons = hostLayers
          .flatMap((layer) => layer.judge(question, this.#declared))
          .filter((reason) => direction === undefined || reason.direction === direction);
        const outcome = foldOutcomes(reasons.map((reason) => reason.outcome));
        if (outcome === 'allow') certain = certain.union(ports);
        if (outcome !== 'deny') possible = possible.union(ports);
      }
      return { certain, possible };
    };
    return this.#answers.ofBounds(answerProtocols.map(boundsOf));
  }
}

/** Yields every prefix by which firewalls and tunnels tell addresses apart. */
export function* hostBlocks({ controls }: Declared): Generator<Prefix> {
  const firewalls = readFirewalls(controls);
  if (firewalls.length > 0) yield* multicast;
  for (const { ruleset } of firewalls) {
    for (const match of matchesOf(ruleset)) {
      if ('addresses' in match) yield* match.addresses.prefixes();
    }
  }
  for (const { config } of readTunnels(controls)) {
    for (const { allowedIps } of config.peers) yield* allowedIps.map(({ value }) => value);
  }
}

/** Sets of ports between which the rules make no difference. */
function stretches(rulesets: readonly Ruleset[]): PortSet[] {
  const starts = new Set([0]);
  for (const match of rulesets.flatMap((ruleset) => [...matchesOf(ruleset)])) {
    if (!('ports' in match)) continue;
    for (const { from, to } of match.ports.ranges()) starts.add(from).add(to + 1);
  }
  const sorted = [...starts].filter((port) => port <= 65535).sort((a, b) => a - b);
  return sorted.map((from, index) => PortSet.range(from, (sorted[index + 1] ?? 65536) - 1));
}

function* matchesOf({ tables }: Ruleset) {
  for (const { chains } of tables) {
    for (const { rules } of chains.values()) {
      for (const { matches } of rules) yield* matches;
    }
  }
}
