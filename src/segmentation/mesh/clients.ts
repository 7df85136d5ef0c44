import type { Resource } from '../../manifest/resource.ts';
import { formatAddress } from '../../net/address.ts';
import { type Endpoint, viewOf } from '../endpoint.ts';
import type { Inventory, Workload } from '../model.ts';
import { Ternary } from '../ternary.ts';
import { fieldAt, textOf } from '../values.ts';
import { groupOf } from '../workloads.ts';
import type { AuthorizationPolicy } from './authorization-policy.ts';
import type { MeshConnection } from './connection.ts';
import { identityOf, type Membership, membershipText } from './membership.ts';
import type { Condition } from './rules.ts';
import type { MeshClient } from './worlds.ts';

/** Who the sources of connections are to the mesh. */
export class MeshClients {
  readonly #inventory: Inventory;
  readonly #trustDomain: string;
  readonly #members: readonly Membership[];
  readonly #workloads: (MeshClient | undefined)[] = [];
  /** Addresses of machines outside Kubernetes that are declared to be in the mesh. */
  readonly #machines: ReadonlySet<string>;

  constructor(
    inventory: Inventory,
    members: readonly Membership[],
    resources: readonly Resource[],
    trustDomain: string,
  ) {
    this.#inventory = inventory;
    this.#trustDomain = trustDomain;
    this.#members = members;
    this.#machines = new Set(
      resources
        .filter((one) => one.kind === 'WorkloadEntry' && groupOf(one) === 'networking.istio.io')
        .map(({ value }) => textOf(fieldAt(value, 'spec', 'address')))
        .filter((address) => address !== undefined),
    );
  }

  /** Returns how the mesh sees the source of a connection. */
  of(source: Endpoint): MeshClient {
    if (source.kind !== 'workload' || source.address !== undefined) return this.#read(source);
    const { index } = source.workload;
    let client = this.#workloads[index];
    if (client === undefined) {
      client = this.#read(source);
      this.#workloads[index] = client;
    }
    return client;
  }

  #read(source: Endpoint): MeshClient {
    const view = viewOf(source, this.#inventory);
    if (source.kind === 'workload') {
      const { mode } = this.#members[source.workload.index] as Membership;
      const proxied = mode === 'none' ? Ternary.No : mode === 'unknown' ? Ternary.Maybe : Ternary.Yes;
      const identity = identityOf(source.workload);
      const identityText = `${this.#trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
      return { view, proxied, identity, identityText };
    }
    const doubtful = view.undeclaredPod || this.#isMachine(source);
    return {
      view,
      proxied: doubtful ? Ternary.Maybe : Ternary.No,
      identity: 'somebody',
      identityText: 'in the mesh',
    };
  }

  #isMachine({ address }: Endpoint): boolean {
    return address !== undefined && this.#machines.has(formatAddress(address));
  }

  /** Returns why the source is in the mesh or not, as a sentence. */
  text(source: Endpoint): string {
    if (source.kind === 'workload') {
      return membershipText(source.workload, this.#members[source.workload.index] as Membership);
    }
    const view = viewOf(source, this.#inventory);
    if (source.kind === 'node')
      return `${view.text} is not in the mesh (probes of the kubelet are let through)`;
    if (view.undeclaredPod)
      return `whether ${view.text}, a pod that no manifest declares, is in the mesh is not known`;
    if (this.#isMachine(source))
      return `whether the proxy runs on ${view.text}, which a WorkloadEntry declares, is not known`;
    return `${view.text} is outside the mesh`;
  }

  /** Returns a text that is equal for workloads which no condition on the source tells apart. */
  signature(workload: Workload, policies: readonly AuthorizationPolicy[]): string {
    if (workload.finished || workload.hostNetwork) return `#${workload.index}`;
    const client = this.of({ kind: 'workload', workload });
    const answers = this.#sourceConditions(policies).map(({ has, hasNot }) => {
      return (['ztunnel', 'tcp', 'http'] as const)
        .map((proxy) => {
          const connection: MeshConnection = {
            proxy,
            identity: client.identity,
            addresses: client.view.addresses,
            masqueraded: false,
            destinations: [],
            ports: [],
            request: undefined,
            tokens: false,
          };
          return `${has?.(connection) ?? ''}${hasNot?.(connection) ?? ''}`;
        })
        .join('/');
    });
    return `${client.proxied}:${answers.join()}`;
  }

  #conditions: readonly Condition[] | undefined;

  /** Each distinct one once. */
  #sourceConditions(policies: readonly AuthorizationPolicy[]): readonly Condition[] {
    if (this.#conditions === undefined) {
      const distinct = new Map<string, Condition>();
      for (const { rules, namespace } of policies) {
        for (const condition of rules.flatMap(({ sources, when }) => [...sources.flat(), ...when])) {
          const { topic, name, values, notValues } = condition;
          if (topic !== 'identity' && topic !== 'address') continue;
          distinct.set(JSON.stringify([name, namespace, values, notValues]), condition);
        }
      }
      this.#conditions = [...distinct.values()];
    }
    return this.#conditions;
  }
}
