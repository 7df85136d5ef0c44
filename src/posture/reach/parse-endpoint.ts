import { nearest } from '../../diagnostic/suggest.ts';
import { addressBits, formatAddress, parseAddress } from '../../net/address.ts';
import { formatPrefix } from '../../net/prefix.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import type { Declared } from '../posture.ts';

/** An end that a text names, or why it names none. */
export type ParsedEndpoint =
  | { readonly end: Endpoint }
  | { readonly message: string; readonly help: string | undefined };

/**
 * Returns the end that a person means: `namespace/workload` or `Kind/namespace/workload`, an address, or a host of the
 * site file.
 */
export function parseEndpoint(text: string, declared: Declared): ParsedEndpoint {
  const address = parseAddress(text);
  if (address !== undefined) return { end: declared.addresses.endpoint(address) };
  const { workloads } = declared.inventory;
  const found = workloads.filter((workload) => isNamed(workload, text));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return { end: { kind: 'workload', workload: first } };
  if (second !== undefined) {
    const choices = found.map((workload) => `${workload.kind}/${workloadName(workload)}`);
    return { message: `${text} is ambiguous`, help: `say which: ${choices.join(', ')}` };
  }
  return namedHost(text, declared);
}

function isNamed(workload: Workload, text: string): boolean {
  const name = workloadName(workload);
  return text === name || text.toLowerCase() === `${workload.kind}/${name}`.toLowerCase();
}

function namedHost(text: string, { hosts, inventory }: Declared): ParsedEndpoint {
  const host = hosts.find(({ name }) => name === text);
  const [prefix] = host?.prefixes ?? [];
  if (host !== undefined && prefix !== undefined) {
    if (host.prefixes.length === 1 && prefix.length === addressBits(prefix.address.family)) {
      return { end: { kind: 'external', address: prefix.address } };
    }
    const ranges = host.prefixes.map((one) =>
      one.length === addressBits(one.address.family) ? formatAddress(one.address) : formatPrefix(one),
    );
    const help = `name one of its addresses: ${ranges.join(', ')}`;
    return { message: `${text} has more than one address`, help };
  }
  const names = [...inventory.workloads.map(workloadName), ...hosts.map(({ name }) => name)];
  const bare = inventory.workloads.filter(({ name }) => name === text).map(workloadName);
  const near = bare[0] ?? nearest(text, names);
  const help =
    near !== undefined
      ? `did you mean ${near}?`
      : names.length === 0
        ? 'the manifests declare no workload and no host'
        : `known are ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  return { message: `no workload, address or host is called ${text}`, help };
}
