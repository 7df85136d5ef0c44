import type { Direction } from '../../flow/verdict.ts';
import type { Path } from '../../manifest/resource.ts';
import { AddressSet } from '../../net/address-set.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { compileSelector } from '../label-selector.ts';
import { type Fields, fieldsOf } from '../values.ts';
import type { ClusterPeer, ClusterPods } from './model.ts';

const podFields = ['namespaces', 'pods'];
const addressFields = [...podFields, 'nodes', 'networks'];

/** The fields that a peer may have; a BaselineAdminNetworkPolicy knows no domain names. */
function fieldsKnown(direction: Direction, kind: string): readonly string[] {
  if (direction === 'ingress') return podFields;
  return kind === 'BaselineAdminNetworkPolicy' ? addressFields : [...addressFields, 'domainNames'];
}

/**
 * Returns the peers of a rule, or a text that says what is wrong with them. Nodes, networks and domain names are peers
 * of egress rules only.
 */
export function readPeers(
  value: unknown,
  path: Path,
  direction: Direction,
  kind: string,
): ClusterPeer[] | string {
  const known = fieldsKnown(direction, kind);
  if (!Array.isArray(value) || value.length === 0) return `it needs a list \`${path.at(-1)}\` of peers`;
  const peers: ClusterPeer[] = [];
  for (const [index, item] of value.entries()) {
    const peer = readPeer(fieldsOf(item), [...path, index], known);
    if (typeof peer === 'string') return peer;
    peers.push(peer);
  }
  return peers;
}

/** Returns the pods that `namespaces` or `pods` mean; undefined for what is no label selector. */
export function readPods({ namespaces, pods }: Fields): ClusterPods | undefined {
  if (namespaces !== undefined && namespaces !== null) {
    const selector = compileSelector(namespaces);
    return selector && { namespaces: selector, pods: undefined };
  }
  const { namespaceSelector, podSelector } = fieldsOf(pods);
  // The API's own conformance manifests leave them out, which is the selector without conditions.
  const where = compileSelector(namespaceSelector ?? {});
  const which = compileSelector(podSelector ?? {});
  return where && which && { namespaces: where, pods: which };
}

function readPeer(fields: Fields, path: Path, known: readonly string[]): ClusterPeer | string {
  const set = Object.keys(fields).filter((key) => fields[key] !== undefined && fields[key] !== null);
  const [field, more] = set.filter((key) => known.includes(key));
  if (more !== undefined) return `a peer has both ${field} and ${more}`;
  if (field === undefined) {
    const [unknown] = set;
    return unknown === undefined ? 'a peer is empty' : { path, kind: 'unknown', field: unknown };
  }
  if (field === 'networks') {
    const networks = readNetworks(fields.networks);
    if (typeof networks === 'string') return networks;
    return { path, kind: 'networks', addresses: AddressSet.ofPrefixes(networks) };
  }
  if (field === 'domainNames') {
    const names = fields.domainNames;
    if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === 'string')) {
      return 'domainNames of a peer is not a list of names';
    }
    return { path, kind: 'domainNames', names };
  }
  if (field === 'nodes') {
    const nodes = compileSelector(fields.nodes);
    return nodes === undefined ? 'nodes of a peer is not a label selector' : { path, kind: 'nodes', nodes };
  }
  const pods = readPods(fields);
  return pods === undefined ? `${field} of a peer is not a label selector` : { path, kind: 'pods', pods };
}

function readNetworks(value: unknown): Prefix[] | string {
  if (!Array.isArray(value) || value.length === 0) return 'networks of a peer is not a list of ranges';
  const networks: Prefix[] = [];
  for (const text of value) {
    const prefix = typeof text === 'string' ? parsePrefix(text) : undefined;
    if (prefix === undefined) return `network ${JSON.stringify(text)} is not a CIDR`;
    networks.push(prefix);
  }
  return networks;
}
