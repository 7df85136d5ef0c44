import { type Diagnostic, diagnose, type Span } from '../../../diagnostic/diagnostic.ts';
import type { Reason } from '../../../flow/verdict.ts';
import { PortSet } from '../../../net/port-set.ts';
import { Protocol } from '../../../net/protocol.ts';
import { type Bitset, members } from '../../../segmentation/bitset.ts';
import type { Endpoint } from '../../../segmentation/endpoint.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import type { PolicyPeer, PolicyRule } from '../../../segmentation/network-policy.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import { portsText } from '../../../segmentation/policy-ports.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { authenticationsOf } from './declared-mesh.ts';
import { nothingAllowed } from './nothing-allowed.ts';
import { strictRefusesClient } from './strict-refuses-client.ts';

/** The port that ambient mode carries connections in: what policies say of it is about the tunnel, not the pods. */
const ambientTunnel = PortSet.of(15_008);

/** A NetworkPolicy that names clients which the mesh turns away, all of them and on all ports of the rule. */
export const policyAllowsInVain: Check = {
  code: 'PKT1047',
  title: 'Allowed by a policy, denied by the mesh',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A rule of a NetworkPolicy lets clients in by name, and the mesh denies every connection of theirs on every port of the
rule. Both must allow a connection, so the rule is dead: the authorization was forgotten, or the rule is left over. It is
told when that is certain for every declared pod that the rule means, on both sides.

Authorize the client's identity (\`principals\`) on that port with an ALLOW policy, or remove the rule.`,
  example: {
    bad: 'kind: NetworkPolicy\nspec:\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 5432}]\n---\nkind: AuthorizationPolicy\nspec:\n  rules:\n  - to: [{operation: {ports: ["8080"]}}]',
    good: 'kind: AuthorizationPolicy\nspec:\n  rules:\n  - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]\n    to: [{operation: {ports: ["5432"]}}]',
  },
  run(declared) {
    if (declared.mesh.policies.length === 0 && authenticationsOf(declared).length === 0) return [];
    const told = new Set(
      [strictRefusesClient, nothingAllowed].flatMap((check) =>
        check.run(declared).map(({ span }) => at(span)),
      ),
    );
    const answers = new PairAnswers(declared);
    return declared.segmentation.policies.flatMap((compiled) => {
      const { policy } = compiled;
      if (policy.fault !== undefined) return [];
      return (policy.rules.ingress ?? []).flatMap((rule) =>
        (rule.peers ?? []).flatMap((peer) => {
          const denial = deniedByMesh(compiled, rule, peer, declared, answers);
          const place = policy.source.at(peer.path);
          if (denial === undefined || told.has(at(place)) || told.has(at(denial.reason.span))) return [];
          return [finding(denial, place, rule)];
        }),
      );
    });
  },
};

interface Denial {
  readonly source: Workload;
  readonly destination: Workload;
  readonly reason: Reason;
}

function finding({ source, destination, reason }: Denial, place: Span, { ports }: PolicyRule): Diagnostic {
  const { change = 'Authorize the client with an ALLOW policy' } = reason;
  const what = ports === undefined ? 'nothing' : `none of ${portsText(ports)}`;
  return diagnose(policyAllowsInVain, {
    message: `the mesh denies all that this lets in: ${workloadName(source)} gets ${what} from ${workloadName(destination)}`,
    span: place,
    related: reason.span === undefined ? [] : [{ span: reason.span, message: reason.text }],
    help: `${change.slice(0, 1).toLowerCase()}${change.slice(1)}, or remove this peer`,
  });
}

/** The denial by the mesh of one of the pairs, when it denies all pairs on all ports of the rule. */
function deniedByMesh(
  { policy, selects }: CompiledPolicy,
  { ports }: PolicyRule,
  { podSelector, namespaceSelector }: PolicyPeer,
  { segmentation, mesh }: Declared,
  answers: PairAnswers,
): Denial | undefined {
  if (podSelector === undefined && namespaceSelector === undefined) return undefined;
  if (ports?.named.some(({ protocol }) => protocol === Protocol.Tcp)) return undefined;
  const named = ports === undefined ? PortSet.all : ports.numeric.get(Protocol.Tcp);
  const asked = named?.subtract(ambientTunnel) ?? PortSet.empty;
  const peers = segmentation.population.select(podSelector, namespaceSelector ?? policy.namespace);
  const pairs = answers.pairs(peers.yes, selects.yes);
  const [first] = pairs;
  if (asked.isEmpty || first === undefined) return undefined;
  const isDenied = pairs.every(
    ([source, destination]) => answers.possible(source, destination).intersect(asked).isEmpty,
  );
  if (!isDenied) return undefined;
  const [source, destination] = first;
  const port = [...asked.ranges()][0]?.from ?? 0;
  const question = { source: endOf(source), destination: endOf(destination), protocol: Protocol.Tcp, port };
  const reason = mesh.judge(question).find(({ outcome }) => outcome === 'deny');
  return reason && { source, destination, reason };
}

/** What the mesh possibly allows between workloads, asked once for those that it does not tell apart. */
class PairAnswers {
  readonly #declared: Declared;
  readonly #signatures: readonly string[];
  readonly #known = new Map<string, PortSet>();

  constructor(declared: Declared) {
    this.#declared = declared;
    this.#signatures = declared.inventory.workloads.map((workload) => declared.mesh.signature(workload));
  }

  /** One pair for each two kinds of workloads that the mesh tells apart; none of a workload with itself. */
  pairs(sources: Bitset, destinations: Bitset): [Workload, Workload][] {
    const to = this.#byKind(destinations);
    return this.#byKind(sources).flatMap(([source]) =>
      to.flatMap(([first, second]): [Workload, Workload][] => {
        const destination = first === source ? second : first;
        return source === undefined || destination === undefined ? [] : [[source, destination]];
      }),
    );
  }

  possible(source: Workload, destination: Workload): PortSet {
    const key = `${this.#signatures[source.index]}\n${this.#signatures[destination.index]}`;
    let ports = this.#known.get(key);
    if (ports === undefined) {
      ports = this.#declared.mesh.tcpBounds(endOf(source), destination).possible;
      this.#known.set(key, ports);
    }
    return ports;
  }

  /** Up to two workloads of each kind. */
  #byKind(set: Bitset): Workload[][] {
    const found = new Map<string, Workload[]>();
    for (const index of members(set)) {
      const signature = this.#signatures[index] as string;
      const some = found.get(signature) ?? [];
      if (some.length < 2) some.push(this.#declared.inventory.workloads[index] as Workload);
      found.set(signature, some);
    }
    return [...found.values()];
  }
}

function endOf(workload: Workload): Endpoint {
  return { kind: 'workload', workload };
}

function at(span: Span | undefined): string {
  return span === undefined ? '' : `${span.file}:${span.start.offset}`;
}
