import type { Direction } from '../../flow/verdict.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Prefix } from '../../net/prefix.ts';
import { AddressAtoms } from '../../segmentation/address-atoms.ts';
import { type AnswerId, AnswerTable, answerProtocols } from '../../segmentation/answers.ts';
import { nodesOf } from '../../segmentation/endpoint.ts';
import { type WorkloadClasses, workloadClasses } from '../../segmentation/equivalence.ts';
import { masqueradedPorts, masqueradeKey } from '../../segmentation/masquerade.ts';
import type { Workload } from '../../segmentation/model.ts';
import { PolicyRows } from '../../segmentation/policy-rows.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import { type Segmentation, shareNode } from '../../segmentation/segmentation.ts';
import { Ternary } from '../../segmentation/ternary.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from './end.ts';
import { entryRows } from './entry-rows.ts';
import { HostAnswers } from './host-answers.ts';
import { hostBlocks } from './host-rules.ts';
import { MeshAnswers } from './mesh-answers.ts';

/** The ports of one protocol on which one end may reach another; what is in neither set is denied. */
export interface ProtocolPorts {
  readonly protocol: ApiProtocol;
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

/** What one end may do to another; ports of every protocol, empty ones included. */
export interface ReachRow {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  /** Pairs with the same answer share the object. */
  readonly ports: readonly ProtocolPorts[];
}

/** Narrows a matrix to one protocol or one port. */
export interface ReachScope {
  readonly protocol?: ApiProtocol;
  readonly port?: number;
}

/**
 * Who may reach whom, for everything that is declared. Answers are computed for classes of workloads that no control tells
 * apart and for atoms of the address space, and combined pair by pair through a table; the matrix itself is never stored.
 */
export class ReachMatrix {
  readonly answers: AnswerTable = new AnswerTable();
  readonly atoms: AddressAtoms;
  readonly classes: WorkloadClasses;
  readonly #declared: Declared;
  readonly #rows: PolicyRows;
  /** Rows of the classes, once they were asked for. */
  readonly #egress: Int32Array[] = [];
  readonly #ingress: Int32Array[] = [];
  readonly #mesh: MeshAnswers;
  readonly #host: HostAnswers;

  constructor(declared: Declared) {
    const { segmentation, mesh, inventory } = declared;
    this.#declared = declared;
    this.atoms = new AddressAtoms([
      ...prefixesOf(segmentation),
      ...mesh.addressBlocks(),
      ...hostBlocks(declared, 'source'),
      ...hostBlocks(declared, 'destination'),
    ]);
    this.#host = new HostAnswers(declared, this.answers, this.atoms);
    const masqueraded = masqueradedPorts(inventory);
    this.classes = workloadClasses(
      segmentation,
      (workload) =>
        `${mesh.signature(workload)} ${masqueradeKey(masqueraded, workload)} ${this.#host.signature(workload)}`,
    );
    this.#host.setClasses(this.classes);
    this.#rows = new PolicyRows(segmentation, this.answers, this.classes, this.atoms, masqueraded);
    this.#mesh = new MeshAnswers(mesh, this.answers, this.classes, this.atoms);
  }

  /** Returns the number of the answer for connections between pods of two workloads, by their indexes. */
  answer(source: number, destination: number): AnswerId {
    const from = this.classes.of[source] as number;
    const to = this.classes.of[destination] as number;
    return this.#host.between(from, to, this.#mesh.between(from, to, this.#byPolicies(from, to)));
  }

  /** Returns the number of the answer for connections from an atom of the address space to a workload. */
  fromOutside(atom: number, destination: number): AnswerId {
    const { representatives } = this.classes;
    const to = this.classes.of[destination] as number;
    const answer = this.#ingressOf(to)[representatives.length + atom] as AnswerId;
    const meshed = this.#mesh.fromOutside(atom, to, this.#isHost(to) ? this.answers.all : answer);
    return this.#host.fromOutside(atom, to, meshed);
  }

  /** Returns the number of the answer for connections from a workload to an atom of the address space. */
  toOutside(source: number, atom: number): AnswerId {
    const { representatives } = this.classes;
    const from = this.classes.of[source] as number;
    const answer = this.#isHost(from)
      ? this.answers.all
      : (this.#egressOf(from)[representatives.length + atom] as AnswerId);
    return this.#host.toOutside(from, atom, answer);
  }

  /** Returns the number of the answer of one workload's own side alone for traffic with another, both by their indexes. */
  oneSide(direction: Direction, workload: number, other: number): AnswerId {
    const [own, end] = [this.classes.of[workload] as number, this.classes.of[other] as number];
    if (direction === 'egress') {
      return this.#host.between(own, end, this.#egressOf(own)[end] as AnswerId, direction);
    }
    const meshed = this.#mesh.between(end, own, this.#ingressOf(own)[end] as AnswerId);
    return this.#host.between(end, own, meshed, direction);
  }

  #egressOf(number: number): Int32Array {
    this.#egress[number] ??= this.#rows.egress(this.classes.representatives[number] as Workload);
    return this.#egress[number];
  }

  #ingressOf(number: number): Int32Array {
    this.#ingress[number] ??= this.#rows.ingress(this.classes.representatives[number] as Workload);
    return this.#ingress[number];
  }

  #isHost(number: number): boolean {
    return this.classes.representatives[number]?.hostNetwork === true;
  }

  /** On the host's network policies see a node: they bear on the other end alone, and not on traffic with the own node. */
  #byPolicies(from: number, to: number): AnswerId {
    const { representatives } = this.classes;
    const [source, destination] = [representatives[from] as Workload, representatives[to] as Workload];
    if (source.hostNetwork && destination.hostNetwork) return this.answers.all;
    if (!source.hostNetwork && !destination.hostNetwork) {
      const out = this.#egressOf(from)[to] as AnswerId;
      if (out === this.answers.none) return out;
      return this.answers.both(out, this.#ingressOf(to)[from] as AnswerId);
    }
    const answer = destination.hostNetwork
      ? (this.#egressOf(from)[to] as AnswerId)
      : (this.#ingressOf(to)[from] as AnswerId);
    return this.#local(source, destination, answer);
  }

  #local(source: Workload, destination: Workload, answer: AnswerId): AnswerId {
    const [from, to] = [source, destination].map((workload) => nodesOf({ kind: 'workload', workload }));
    const local = shareNode(from ?? 'anywhere', to ?? 'anywhere');
    if (local === Ternary.No) return answer;
    const { segmentation } = this.#declared;
    const plan = destination.hostNetwork
      ? segmentation.plan('egress', source.index)
      : segmentation.plan('ingress', destination.index);
    const byTiers = plan.admin.length > 0 || plan.baseline.length > 0;
    // That the tiers spare traffic with the own node their API does not say.
    if (local === Ternary.Yes && !byTiers) return this.answers.all;
    return this.answers.either(answer, this.answers.unknown);
  }

  /**
   * Yields every ordered pair of workloads, then what may come from outside to each workload and go from each to the
   * outside, then the ways in. Finished workloads are left out, and a single pod with itself; a workload of several pods
   * stands with itself for the traffic between them. Of outside ranges only those between which something may pass.
   */
  *rows(scope: ReachScope = {}): Generator<ReachRow> {
    const shown = new ShownPorts(this.answers, scope);
    const workloads = this.#declared.inventory.workloads.filter(({ finished }) => !finished);
    const ends = new Map(workloads.map((workload) => [workload, { kind: 'workload', workload } as const]));
    for (const source of workloads) {
      const end = ends.get(source) as ReachEnd;
      for (const destination of workloads) {
        if (source === destination && source.single) continue;
        const ports = shown.of(this.answer(source.index, destination.index));
        yield { source: end, destination: ends.get(destination) as ReachEnd, ports };
      }
    }
    for (const workload of workloads) {
      const end = ends.get(workload) as ReachEnd;
      for (const { answer, external } of this.outside('ingress', workload.index)) {
        yield { source: external, destination: end, ports: shown.of(answer) };
      }
      for (const { answer, external } of this.outside('egress', workload.index)) {
        yield { source: end, destination: external, ports: shown.of(answer) };
      }
    }
    yield* entryRows(this.#declared, scope);
  }

  /** Yields what may come from outside to a workload, or go there from it, in as few ranges as the answers allow. */
  *outside(direction: Direction, workload: number) {
    const byAnswer = Map.groupBy(this.atoms.atoms, ({ index }) =>
      direction === 'ingress' ? this.fromOutside(index, workload) : this.toOutside(workload, index),
    );
    for (const [answer, atoms] of byAnswer) {
      if (answer === this.answers.none) continue;
      const range = this.atoms.range(atoms.map(({ index }) => index));
      yield { answer, external: { kind: 'external', range } as const };
    }
  }
}

/** Every prefix that a policy names, and the networks of pods: their addresses are judged apart. */
function* prefixesOf({ policies, clusterPolicies, inventory }: Segmentation): Generator<Prefix> {
  for (const { policy } of policies) {
    for (const rule of [...(policy.rules.ingress ?? []), ...(policy.rules.egress ?? [])]) {
      for (const { block } of rule.peers ?? []) if (block) yield* [block.prefix, ...block.except];
    }
  }
  for (const { policy } of clusterPolicies) {
    for (const { networks } of [...policy.rules.ingress, ...policy.rules.egress]) {
      if (networks !== undefined) yield* networks.prefixes();
    }
  }
  for (const { podNetworks } of inventory.nodes) yield* podNetworks;
}

/** Answers as they are shown: per protocol, narrowed to the scope; one object per answer. */
export class ShownPorts {
  readonly #answers: AnswerTable;
  readonly #scope: ReachScope;
  readonly #known: (readonly ProtocolPorts[])[] = [];

  constructor(answers: AnswerTable, scope: ReachScope) {
    this.#answers = answers;
    this.#scope = scope;
  }

  of(id: AnswerId): readonly ProtocolPorts[] {
    this.#known[id] ??= this.#show(id);
    return this.#known[id];
  }

  #show(id: AnswerId): ProtocolPorts[] {
    const { protocol: only, port } = this.#scope;
    const asked = port === undefined ? PortSet.all : PortSet.of(port);
    return this.#answers.bounds(id).flatMap(({ certain, possible }, at) => {
      const protocol = answerProtocols[at] as ApiProtocol;
      if (only !== undefined && only !== protocol) return [];
      const allowed = certain.intersect(asked);
      return [{ protocol, allowed, unknown: possible.intersect(asked).subtract(allowed) }];
    });
  }
}

/** Yields the rows of {@link ReachMatrix.rows} for what is declared. */
export function* reachMatrix(declared: Declared, scope: ReachScope = {}): Generator<ReachRow> {
  yield* new ReachMatrix(declared).rows(scope);
}
