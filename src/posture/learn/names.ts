import { type Workload, workloadName } from '../../segmentation/model.ts';

/** Orders workloads by name, then kind, then as they are declared. */
export function byName(a: Workload, b: Workload): number {
  const [x, y] = [`${workloadName(a)} ${a.kind}`, `${workloadName(b)} ${b.kind}`];
  return x < y ? -1 : x > y ? 1 : a.index - b.index;
}

/** Returns a name that the API server takes (RFC 1123 subdomain), used once in its namespace. */
export function freeName({ namespace, name, kind }: Workload, taken: Set<string>): string {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '');
  const base = `picket-${plain(name).slice(0, 180) || plain(kind) || 'pods'}`;
  let free = base;
  for (let number = 2; taken.has(`${namespace.name}/${free}`); number++) free = `${base}-${number}`;
  taken.add(`${namespace.name}/${free}`);
  return free;
}
