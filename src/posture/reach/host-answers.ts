import { PortSet } from '../../net/port-set.ts';
import type { AddressAtoms } from '../../segmentation/address-atoms.ts';
import {
  type AnswerId,
  type AnswerTable,
  answerProtocols,
  type PortBounds,
} from '../../segmentation/answers.ts';
import { type Endpoint, nodesOf } from '../../segmentation/endpoint.ts';
import type { WorkloadClasses } from '../../segmentation/equivalence.ts';
import { foldOutcomes } from '../../segmentation/explain.ts';
import type { Workload } from '../../segmentation/model.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { sameHost } from '../host-packet.ts';
import { hostFirewallLayer } from '../layers/host-firewall.ts';
import { tunnelLayer } from '../layers/tunnel.ts';
import { packetFilters } from '../packet-filters.ts';
import type { Declared } from '../posture.ts';
import { readTunnels } from '../tunnels.ts';
import { hostPorts } from './host-rules.ts';
import { HostViews, type SeenEnd } from './host-views.ts';

/** The layers of machines: what their packet filters and tunnels say. */
const hostLayers = [hostFirewallLayer, tunnelLayer];

/** Whether two ends are on one machine. */
const shares = { no: 0, yes: 1, unknown: 2 } as const;
/** Which direction alone is asked for. */
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
  /** Views of ends in each role, and the ends by class and by atom. */
  readonly #sources: HostViews;
  readonly #destinations: HostViews;
  #from: SeenEnds = { classes: [], atoms: [] };
  #to: SeenEnds = { classes: [], atoms: [] };
  readonly #machines: MachineSets = new MachineSets();
  readonly #known = new Map<number, AnswerId>();

  constructor(declared: Declared, answers: AnswerTable, atoms: AddressAtoms) {
    const { controls } = declared;
    this.#declared = declared;
    this.#answers = answers;
    this.#atoms = atoms;
    this.#isDeclared = packetFilters(declared).length > 0 || readTunnels(controls).length > 0;
    this.#stretches = hostPorts(declared);
    this.#sources = new HostViews(declared, 'source');
    this.#destinations = new HostViews(declared, 'destination');
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
    this.#machines.set(representatives);
    const seen = (views: HostViews): SeenEnds => ({
      classes: representatives.map((workload) => views.see({ kind: 'workload', workload })),
      atoms: this.#atoms.atoms.map(({ sample }) => views.see({ kind: 'external', address: sample })),
    });
    this.#from = seen(this.#sources);
    this.#to = seen(this.#destinations);
  }

  /** Returns what is left of `answer` between two classes of workloads; of one direction's part alone, when it is given. */
  between(from: number, to: number, answer: AnswerId, direction: keyof typeof directions = 'both'): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    const shared = this.#machines.share(from, to);
    return this.#left(answer, this.#from.classes[from], this.#to.classes[to], shared, direction);
  }

  /** Returns what is left of `answer` from an atom of the address space to a class of workloads. */
  fromOutside(atom: number, to: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    return this.#left(answer, this.#from.atoms[atom], this.#to.classes[to], shares.no);
  }

  /** Returns what is left of `answer` from a class of workloads to an atom of the address space. */
  toOutside(from: number, atom: number, answer: AnswerId): AnswerId {
    if (!this.#isDeclared || answer === this.#answers.none) return answer;
    return this.#left(answer, this.#from.classes[from], this.#to.atoms[atom], shares.no);
  }

  #left(
    answer: AnswerId,
    source: SeenEnd | undefined,
    destination: SeenEnd | undefined,
    shared: number,
    direction: keyof typeof directions = 'both',
  ): AnswerId {
    if (source === undefined || destination === undefined) throw new RangeError('there is no such end');
    const pair = source.view * this.#destinations.size + destination.view;
    const key = (pair * 3 + shared) * 3 + directions[direction];
    let own = this.#known.get(key);
    if (own === undefined) {
      own = this.#ask(source.end, destination.end, direction);
      this.#known.set(key, own);
    }
    return this.#answers.both(answer, own);
  }

  #ask(source: Endpoint, destination: Endpoint, direction: keyof typeof directions): AnswerId {
    const boundsOf = (protocol: ApiProtocol): PortBounds => {
      const [certain, possible]: [PortSet[], PortSet[]] = [[], []];
      for (const ports of this.#stretches) {
        const port = ports.first() as number;
        const question = { source, destination, protocol: apiProtocols[protocol], port };
        const reasons = hostLayers
          .flatMap((layer) => layer.judge(question, this.#declared))
          .filter((reason) => direction === 'both' || reason.direction === direction);
        const outcome = foldOutcomes(reasons.map((reason) => reason.outcome));
        if (outcome === 'allow') certain.push(ports);
        if (outcome !== 'deny') possible.push(ports);
      }
      return { certain: united(certain), possible: united(possible) };
    };
    return this.#answers.ofBounds(answerProtocols.map(boundsOf));
  }
}

interface SeenEnds {
  readonly classes: readonly SeenEnd[];
  readonly atoms: readonly SeenEnd[];
}

/** The sets of machines that classes of workloads run on: each two are compared once. */
class MachineSets {
  #classes: readonly Workload[] = [];
  #of: readonly number[] = [];
  #count = 0;
  /** 1 + the value of {@link shares} per pair of sets, 0 before it was asked for. */
  #shared = new Uint8Array();

  set(classes: readonly Workload[]): void {
    const numbers = new Map<string, number>();
    this.#classes = classes;
    this.#of = classes.map((workload) => {
      const key = machinesKey(workload);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    });
    this.#count = numbers.size;
    this.#shared = new Uint8Array(numbers.size ** 2);
  }

  /** Returns a value of {@link shares} for pods of two classes. */
  share(from: number, to: number): number {
    const at = (this.#of[from] as number) * this.#count + (this.#of[to] as number);
    if (this.#shared[at] === 0) {
      const [source, destination] = [from, to].map(
        (number): Endpoint => ({ kind: 'workload', workload: this.#classes[number] as Workload }),
      );
      const same = sameHost(source as Endpoint, destination as Endpoint);
      this.#shared[at] = 1 + (same === undefined ? shares.unknown : same ? shares.yes : shares.no);
    }
    return (this.#shared[at] as number) - 1;
  }
}

function machinesKey(workload: Workload): string {
  const nodes = nodesOf({ kind: 'workload', workload });
  return nodes === 'anywhere' ? nodes : [...nodes].sort((a, b) => a - b).join();
}

/** Unites sets by halves, so that many cost no more than sorting them. */
function united(sets: readonly PortSet[]): PortSet {
  if (sets.length <= 1) return sets[0] ?? PortSet.empty;
  const middle = sets.length >>> 1;
  return united(sets.slice(0, middle)).union(united(sets.slice(middle)));
}
