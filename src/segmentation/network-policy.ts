import type { Direction } from '../flow/verdict.ts';
import type { Path, Resource } from '../manifest/resource.ts';
import type { AddressSet } from '../net/address-set.ts';
import { blockAddresses, compileIpBlock, type IpBlock } from './ip-block.ts';
import { compileSelector, type Selector } from './label-selector.ts';
import { compilePorts, type PolicyPorts, type PortNames } from './policy-ports.ts';
import { fieldAt, fieldsOf, listOf } from './values.ts';
import { groupOf, namespaceOf } from './workloads.ts';

/** One item of `from` or `to`: an address block, or pods by their labels, their namespace's labels, or both. */
export interface PolicyPeer {
  readonly path: Path;
  readonly block?: IpBlock;
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}

/** One rule: any of its peers on any of its ports. */
export interface PolicyRule {
  readonly index: number;
  readonly path: Path;
  /** Undefined: any source or destination. */
  readonly peers: readonly PolicyPeer[] | undefined;
  /** What the address blocks among the peers hold together; undefined when there is none. */
  readonly blocks: AddressSet | undefined;
  /** Undefined: any port of any protocol. */
  readonly ports: PolicyPorts | undefined;
}

/** A NetworkPolicy as read; what it means for workloads is compiled from this. */
export interface NetworkPolicy {
  readonly source: Resource;
  readonly namespace: string;
  /** `namespace/name`. */
  readonly name: string;
  /** Why the API server would refuse it; then nothing can be said of what the team will get instead. */
  readonly fault: string | undefined;
  /** Undefined when the faulty policy does not even tell that: it may select anything in its namespace. */
  readonly subject: Selector | undefined;
  /** Rules per direction; undefined where the policy says nothing about that direction, empty when it is faulty. */
  readonly rules: Readonly<Record<Direction, readonly PolicyRule[] | undefined>>;
}

/** Returns whether this is a policy of `networking.k8s.io` (other groups have kinds of the same name). */
export function isNetworkPolicy(resource: Resource): boolean {
  const group = groupOf(resource);
  return resource.kind === 'NetworkPolicy' && (group === 'networking.k8s.io' || group === 'extensions');
}

/**
 * Returns the policy that a networking.k8s.io/v1 NetworkPolicy declares. `policyTypes` absent means Ingress, and Egress
 * too when there is an egress rule; an empty or null `podSelector` selects all pods of the namespace
 * (kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1).
 */
export function readNetworkPolicy(source: Resource, names: PortNames): NetworkPolicy {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const subject = compileSelector(spec.podSelector ?? {});
  const directions = readDirections(spec.policyTypes, spec.egress);
  const ingress = readRules(spec.ingress, 'ingress', 'from', names);
  const egress = readRules(spec.egress, 'egress', 'to', names);
  const fault = [
    subject === undefined ? 'its podSelector is not a label selector' : directions,
    ingress,
    egress,
    source.schema === 'valid' ? undefined : 'it does not fit the schema of a NetworkPolicy',
  ].find((part) => typeof part === 'string');
  // A faulty policy that does not tell its directions may be about both.
  const isAbout = (type: string) => typeof directions === 'string' || directions.has(type);
  const sound = (rules: readonly PolicyRule[] | string) =>
    fault !== undefined || typeof rules === 'string' ? [] : rules;
  return {
    source,
    namespace: namespaceOf(source),
    name: `${namespaceOf(source)}/${source.name}`,
    fault,
    subject,
    rules: {
      ingress: isAbout('Ingress') ? sound(ingress) : undefined,
      egress: isAbout('Egress') ? sound(egress) : undefined,
    },
  };
}

function readDirections(written: unknown, egress: unknown): ReadonlySet<unknown> | string {
  if (written === undefined || written === null || (Array.isArray(written) && written.length === 0)) {
    return new Set(listOf(egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  }
  if (!Array.isArray(written)) return 'its policyTypes is not a list';
  const wrong = written.find((type) => type !== 'Ingress' && type !== 'Egress');
  if (wrong !== undefined) return `its policyTypes has ${JSON.stringify(wrong)}`;
  return new Set(written);
}

function readRules(
  value: unknown,
  list: Direction,
  peerList: 'from' | 'to',
  names: PortNames,
): PolicyRule[] | string {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return `its ${list} is not a list`;
  const rules: PolicyRule[] = [];
  for (const [index, item] of value.entries()) {
    const path = ['spec', list, index];
    const where = `its ${list}[${index}]`;
    if (typeof item !== 'object') return `${where} is not an object`;
    const peers = readPeers(fieldsOf(item)[peerList], [...path, peerList]);
    if (typeof peers === 'string') return `${where}: ${peers}`;
    const ports = compilePorts(fieldsOf(item).ports, names);
    if (typeof ports === 'string') return `${where}: ${ports}`;
    const blocks = peers?.flatMap(({ block }) => block ?? []) ?? [];
    rules.push({
      index,
      path,
      peers,
      blocks: blocks.length === 0 ? undefined : blockAddresses(blocks),
      ports,
    });
  }
  return rules;
}

function readPeers(value: unknown, path: Path): PolicyPeer[] | undefined | string {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return 'its peers are not a list';
  if (value.length === 0) return undefined;
  const peers: PolicyPeer[] = [];
  for (const [index, item] of value.entries()) {
    const peer = readPeer(item, [...path, index]);
    if (typeof peer === 'string') return peer;
    peers.push(peer);
  }
  return peers;
}

function readPeer(value: unknown, path: Path): PolicyPeer | string {
  const fields = fieldsOf(value);
  const [pods, namespaces] = [fields.podSelector ?? undefined, fields.namespaceSelector ?? undefined];
  const block = fields.ipBlock ?? undefined;
  if (block !== undefined) {
    if (pods !== undefined || namespaces !== undefined) return 'a peer has both ipBlock and a selector';
    const compiled = compileIpBlock(block);
    return typeof compiled === 'string' ? compiled : { path, block: compiled };
  }
  if (pods === undefined && namespaces === undefined) return 'a peer is empty';
  const podSelector = pods === undefined ? undefined : compileSelector(pods);
  const namespaceSelector = namespaces === undefined ? undefined : compileSelector(namespaces);
  if ((pods !== undefined && !podSelector) || (namespaces !== undefined && !namespaceSelector)) {
    return 'a selector of a peer is not a label selector';
  }
  return { path, ...(podSelector && { podSelector }), ...(namespaceSelector && { namespaceSelector }) };
}

/** Returns the peers and ports of a rule as YAML-like path text, e.g. `ingress[0].from[1]`. */
export function pathText(path: Path): string {
  return path
    .filter((part) => part !== 'spec')
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}
