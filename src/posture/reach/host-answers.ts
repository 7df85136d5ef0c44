import type { Direction } from '../../flow/verdict.ts';
import { PortSet } from '../../net/port-set.ts';
import { AddressAtoms } from '../../segmentation/address-atoms.ts';
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
import { runsOn } from '../host-firewall.ts';
import { isHost, nodeOf, sameHost } from '../host-packet.ts';
import { hostFirewallLayer } from '../layers/host-firewall.ts';
import { tunnelLayer } from '../layers/tunnel.ts';
import type { Declared } from '../posture.ts';
import { readTunnels } from '../tunnels.ts';
import { hostBlocks, hostPorts } from './host-rules.ts';

/** The layers of machines: what their packet filters and tunnels say. */
const hostLayers = [hostFirewallLayer, tunnelLayer];

/** Part of a key: which direction alone is asked for. */
const directions = { both: 0, egress: 1, ingress: 2 } as const;

/**
 * Packet filters and tunnels of machines over classes of workloads: what they leave of an answer. They see of an end
 * whether it is a machine, which filters run there and its address, of two ends whether they are on one machine; so few
 * pairs differ. Rules tell ports apart at the bounds of their ranges only: one port of each stretch between stands for
 * it. Costs nothing where none is declared.
 */
export class HostAnswers {
  readonly #declared: Declared;
  readonly #answers: AnswerTable;
  readonly #atoms: AddressAtoms;
  readonly #isDeclared: boolean;
  readonly #stretches: readonly PortSet[];
  readonly #sources: Views;
  readonly #destinations: Views;
  #classes: readonly Endpoint[] = [];
  /** Number of the set of machines per class. */
  #machines: readonly number[] = [];
  /** Whether ends of two sets of machines are on one: 1 no, 2 yes, 3 not known; 0 before it was asked for. */
  #shared = new Uint8Array();
  #machineSets = 0;
  readonly #known = new Map<number, AnswerId>();

  constructor(declared: Declared, answers: AnswerTable, atoms: AddressAtoms) {
    this.#declared = declared;
    this.#answers = answers;
    this.#atoms = atoms;
    this.#isDeclared =
      readFirewalls(declared.controls).length > 0 || readTunnels(declared.controls).length > 0;
    this.#stretches = this.#isDeclared ? hostPorts(declared) : [];
    this.#sources = new Views(declared, 'source');
    this.#destinations = new Views(declared, 'destination');
  }

  /** Returns a text that is equal for workloads that machines do not tell apart. */
  signature(workload: Workload): string {
    if (!this.#isDeclared) return '';
    const end: Endpoint = { kind: 'workload', workload };
    return `${this.#sources.key(end)}/${this.#destinations.key(end)}/${machinesKey(workload)}`;
  }

  /** Takes in the classes, which are told apart by {@link signature} too. */
  setClasses({ representatives }: WorkloadClasses): void {
    if (!this.#isDeclared) return;
    const sets = new Map<string, number>();
    this.#machines = representatives.map((workload) => {
      const key = machinesKey(workload);
      const number = sets.get(key) ?? sets.size;
      sets.set(key, number);
      return number;
    });
    this.#machineSets = sets.size;
    this.#shared = new Uint8Array(sets.size ** 2);
    this.#classes = representatives.map((workload) => ({ kind: 'workload', workload }));
    for (const views of [this.#sources, this.#destinations]) {
      views.classes = this.#classes.map((end) => views.number(end));
      views.atoms = this.#atoms.atoms.map(({ sample }) =>
        views.number({ kind: 'external', address: sample }),
      );
    }
  }

  /** Returns what is left of `answer` between two classes of workloads; of one direction's part alone, when it is given. */
  between(from: number, to: number, answer: AnswerId, direction: keyof typeof directions = 'both'): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const [source, destination] = [this.#sources.classes[from], this.#destinations.classes[to]] as number[];
    const key = this.#key(source, destination, this.#share(from, to), directions[direction]);
    const known = this.#known.get(key);
    const own = known ?? this.#ask(key, this.#class(from), this.#class(to), direction);
    return this.#answers.both(answer, own);
  }

  /** Returns what is left of `answer` from an atom of the address space to a class of workloads. */
  fromOutside(atom: number, to: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const [source, destination] = [this.#sources.atoms[atom], this.#destinations.classes[to]] as number[];
    const key = this.#key(source, destination, 0, directions.both);
    const own = this.#known.get(key) ?? this.#ask(key, this.#outside(atom), this.#class(to));
    return this.#answers.both(answer, own);
  }

  /** Returns what is left of `answer` from a class of workloads to an atom of the address space. */
  toOutside(from: number, atom: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const [source, destination] = [this.#sources.classes[from], this.#destinations.atoms[atom]] as number[];
    const key = this.#key(source, destination, 0, directions.both);
    const own = this.#known.get(key) ?? this.#ask(key, this.#class(from), this.#outside(atom));
    return this.#answers.both(answer, own);
  }

  #key(source: number, destination: number, shared: number, direction: number): number {
    return ((source * this.#destinations.size + destination) * 3 + shared) * 3 + direction;
  }

  /** Whether ends of two classes are on one machine: no, yes, or 2: no manifest tells. */
  #share(from: number, to: number): number {
    const at = (this.#machines[from] as number) * this.#machineSets + (this.#machines[to] as number);
    if (this.#shared[at] === 0) {
      const same = sameHost(this.#class(from), this.#class(to));
      this.#shared[at] = same === undefined ? 3 : same ? 2 : 1;
    }
    return (this.#shared[at] as number) - 1;
  }

  #class(number: number): Endpoint {
    return this.#classes[number] as Endpoint;
  }

  #outside(atom: number): Endpoint {
    const address = this.#atoms.atoms[atom]?.sample;
    if (address === undefined) throw new RangeError(`there is no atom ${atom}`);
    return { kind: 'external', address };
  }

  #ask(
    key: number,
    source: Endpoint,
    destination: Endpoint,
    direction: keyof typeof directions = 'both',
  ): AnswerId {
    const boundsOf = (protocol: ApiProtocol): PortBounds => {
      const [certain, possible]: [PortSet[], PortSet[]] = [[], []];
      for (const ports of this.#stretches) {
        const question = {
          source,
          destination,
          protocol: apiProtocols[protocol],
          port: ports.first() as number,
        };
        const reasons = hostLayers
          .flatMap((layer) => layer.judge(question, this.#declared))
          .filter((reason) => direction === 'both' || reason.direction === direction);
        const outcome = foldOutcomes(reasons.map((reason) => reason.outcome));
        if (outcome === 'allow') certain.push(ports);
        if (outcome !== 'deny') possible.push(ports);
      }
      return { certain: joined(certain), possible: joined(possible) };
    };
    const answer = this.#answers.ofBounds(answerProtocols.map(boundsOf));
    this.#known.set(key, answer);
    return answer;
  }
}

/** What machines tell apart of ends in one role, numbered. */
class Views {
  /** View per class of workloads. */
  classes: readonly number[] = [];
  /** View per atom of the address space. */
  atoms: readonly number[] = [];
  readonly #declared: Declared;
  readonly #blocks: AddressAtoms;
  readonly #numbers = new Map<string, number>();
  /** Per machine: which firewalls run there. */
  readonly #running = new Map<number | undefined, string>();

  constructor(declared: Declared, role: 'source' | 'destination') {
    this.#declared = declared;
    this.#blocks = new AddressAtoms(hostBlocks(declared, role));
  }

  get size(): number {
    return this.#numbers.size;
  }

  number(end: Endpoint): number {
    const key = this.key(end);
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }

  /** Returns a text that is equal for ends that no rule tells apart in this role; several addresses are not told apart. */
  key(end: Endpoint): string {
    const { addresses } = viewOf(end, this.#declared.inventory);
    const seen = ([4, 6] as const).map((family) => {
      const [first, second] = addresses.filter((address) => address.family === family);
      if (first === undefined) return '';
      return second === undefined ? this.#blocks.at(first) : 'many';
    });
    return end.kind === 'external' ? `outside ${seen}` : `${isHost(end)} ${this.#runningAt(end)} ${seen}`;
  }

  #runningAt(end: Endpoint): string {
    const node = nodeOf(end, this.#declared);
    const known = this.#running.get(node?.index);
    if (known !== undefined) return known;
    const firewalls = readFirewalls(this.#declared.controls);
    const running = firewalls.map(({ workload }) => runsOn(workload, node)).join();
    this.#running.set(node?.index, running);
    return running;
  }
}

function machinesKey(workload: Workload): string {
  const nodes = nodesOf({ kind: 'workload', workload });
  return nodes === 'anywhere' ? nodes : [...nodes].sort((a, b) => a - b).join();
}

/** Unites sets by halves, so that many cost no more than sorting them. */
function joined(sets: readonly PortSet[]): PortSet {
  if (sets.length <= 1) return sets[0] ?? PortSet.empty;
  const middle = sets.length >>> 1;
  return joined(sets.slice(0, middle)).union(joined(sets.slice(middle)));
}
