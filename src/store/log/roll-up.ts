import { hash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { endName } from '../../flow/ask/dimension.ts';
import type { FlowQuery } from '../../flow/ask/query.ts';
import { spread } from '../../flow/ask/spread.ts';
import { testsOf, trafficEnd } from '../../flow/facets.ts';
import type { FilterTree } from '../../flow/filter-parser.ts';
import type { Flow } from '../../flow/flow.ts';
import { type EndJson, type FlowJson, flowFromJson, flowToJson } from '../../flow/json.ts';
import { columnsOf, type FlowColumns } from './columns.ts';

/** How finely sums are kept. */
export type Resolution = 'minutes' | 'hours';

/** Length of a bucket, ms. */
export const stepOf: Readonly<Record<Resolution, number>> = { minutes: 60_000, hours: 3_600_000 };

/** Rows of one bucket, one of them for all others: what comes when there are as many is added there. */
const maxRows: Readonly<Record<Resolution, number>> = { minutes: 1_000, hours: 5_000 };

/** The key of the row for all others. */
const otherKey = 'other';

/** Most buckets that one flow is spread over, and all flows that are added at once: beyond, where each was opened. */
const maxSpread = 1_440;
const maxSpreadTogether = 200_000;

/** Ids of keys that are remembered between two calls. */
const maxKnown = 50_000;

/** What is added up for one key in one bucket. */
interface Sum {
  flows: number;
  sentPackets: number;
  receivedPackets: number;
  sent: number;
  received: number;
}

/** Sums of the flows that ended, by minute and by hour: ends by name or address, port, protocol, verdict, observer. */
export class RollUps {
  readonly #known = new Map<string, number>();
  readonly #findKey: StatementSync;
  readonly #addKey: StatementSync;
  readonly #tables: Readonly<Record<Resolution, RollUpTable>>;
  #folded = 0;

  constructor(database: DatabaseSync) {
    this.#findKey = database.prepare('SELECT key FROM roll_up_keys WHERE id = ?');
    this.#addKey = database.prepare('INSERT INTO roll_up_keys (id, key) VALUES (?, ?)');
    this.#tables = {
      minutes: new RollUpTable(database, 'minutes'),
      hours: new RollUpTable(database, 'hours'),
    };
  }

  /** Flows that went to the rows for all others since this was opened, counted once for each resolution. */
  get folded(): number {
    return this.#folded;
  }

  /** Adds flows that will not change any more. Within a transaction; {@link forget} is to be called when it fails. */
  add(flows: readonly Flow[]): void {
    const sums: Record<Resolution, Map<number, Map<string, Sum>>> = { minutes: new Map(), hours: new Map() };
    let shares = maxSpreadTogether;
    for (const flow of flows) {
      const json = flowToJson(flow);
      const key = keyOf(json);
      for (const resolution of ['minutes', 'hours'] as const)
        shares -= addTo(sums[resolution], json, key, stepOf[resolution], shares > 0 ? maxSpread : 1);
    }
    for (const resolution of ['minutes', 'hours'] as const) {
      for (const [bucket, keys] of sums[resolution]) this.#write(resolution, bucket, keys);
    }
  }

  /** Forgets ids of keys: after a rollback, and after keys were deleted. */
  forget(): void {
    this.#known.clear();
  }

  #write(resolution: Resolution, bucket: number, keys: ReadonlyMap<string, Sum>): void {
    const table = this.#tables[resolution];
    let room = maxRows[resolution] - 1 - table.rows(bucket);
    // The largest first, so that it is the small ones that go to the row for all others.
    const ordered = [...keys].sort(([, a], [, b]) => b.sent + b.received - (a.sent + a.received));
    for (const [key, sum] of ordered) {
      const known = this.#idOf(key);
      if (known !== undefined && table.update(bucket, known, sum)) continue;
      if (room > 0) {
        room -= 1;
        table.insert(bucket, known ?? this.#newId(key), sum);
        continue;
      }
      this.#folded += sum.flows;
      const other = this.#idOf(otherKey) ?? this.#newId(otherKey);
      if (!table.update(bucket, other, sum)) table.insert(bucket, other, sum);
    }
  }

  #idOf(key: string): number | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { id, taken } = this.#place(key);
    return taken ? this.#remember(key, id) : undefined;
  }

  #newId(key: string): number {
    const { id } = this.#place(key);
    this.#addKey.run(id, key);
    return this.#remember(key, id);
  }

  /** Where the key is, or has to go: its digest, or the next id that no other key has. An index over the texts would be as large as they are. */
  #place(key: string): { readonly id: number; readonly taken: boolean } {
    for (let id = digest(key); ; id += 1) {
      const found = this.#findKey.get(id);
      if (found === undefined) return { id, taken: false };
      if (found.key === key) return { id, taken: true };
    }
  }

  #remember(key: string, id: number): number {
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, id);
    return id;
  }
}

/** The statements over the sums of one resolution. */
class RollUpTable {
  readonly #count: StatementSync;
  readonly #update: StatementSync;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, resolution: Resolution) {
    const table = `roll_up_${resolution}`;
    this.#count = database.prepare(`SELECT count(*) AS count FROM ${table} WHERE bucket = ?`);
    this.#update = database.prepare(
      `UPDATE ${table} SET flows = flows + ?, sent_packets = sent_packets + ?, received_packets = received_packets + ?,
         sent = sent + ?, received = received + ? WHERE bucket = ? AND key = ?`,
    );
    this.#insert = database.prepare(
      `INSERT INTO ${table} (flows, sent_packets, received_packets, sent, received, bucket, key) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  rows(bucket: number): number {
    return Number(this.#count.get(bucket)?.count ?? 0);
  }

  /** Returns false when there is no such row. */
  update(bucket: number, key: number, { flows, sentPackets, receivedPackets, sent, received }: Sum): boolean {
    const { changes } = this.#update.run(flows, sentPackets, receivedPackets, sent, received, bucket, key);
    return Number(changes) > 0;
  }

  insert(bucket: number, key: number, { flows, sentPackets, receivedPackets, sent, received }: Sum): void {
    this.#insert.run(flows, sentPackets, receivedPackets, sent, received, bucket, key);
  }
}

/** Reads the sums from the bucket of `since` up to `until` as columns, a row as if it were a flow opened where its bucket begins. */
export function readRollUps(
  database: DatabaseSync,
  resolution: Resolution,
  since: number,
  until: number,
): { readonly columns: FlowColumns; readonly others: number } {
  const step = stepOf[resolution];
  const found = database
    .prepare(
      `SELECT bucket, k.key AS key, flows, sent_packets, received_packets, sent, received FROM roll_up_${resolution} AS r
       JOIN roll_up_keys AS k ON k.id = r.key WHERE bucket >= ? AND bucket < ? ORDER BY bucket`,
    )
    .all(
      Math.max(Math.floor(since / step) * step, -Number.MAX_SAFE_INTEGER),
      Math.min(until, Number.MAX_SAFE_INTEGER),
    );
  const parsed = new Map<string, Flow>();
  const rows: { row: number; value: Flow }[] = [];
  const weights: number[] = [];
  let others = 0;
  for (const [row, { bucket, key, flows, ...counts }] of found.entries()) {
    if (key === otherKey) {
      others += Number(flows);
      continue;
    }
    const text = String(key);
    let like = parsed.get(text);
    if (like === undefined) {
      like = flowOfKey(text);
      parsed.set(text, like);
    }
    rows.push({
      row,
      value: {
        ...like,
        openedAt: Number(bucket),
        sent: { packets: Number(counts.sent_packets), bytes: Number(counts.sent) },
        received: { packets: Number(counts.received_packets), bytes: Number(counts.received) },
      },
    });
    weights.push(Number(flows));
  }
  return { columns: { ...columnsOf(rows), weights: Float64Array.from(weights) }, others };
}

/** Dimensions that sums can tell apart. */
const summedDimensions: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'port',
  'proto',
  'src-workload',
  'dst-workload',
  'src-ns',
  'dst-ns',
  'verdict',
  'observer',
  'exporter',
  'minute',
  'hour',
  'day',
]);

/** Tells whether sums of this resolution say what is asked for, as exactly as flows would but for the borders of the buckets. */
export function answerableBy({ by, filter, bucket }: FlowQuery, resolution: Resolution): boolean {
  const step = stepOf[resolution];
  return (
    by.every(
      ({ name, step: span }) => summedDimensions.has(name) && (span === undefined || span % step === 0),
    ) &&
    (bucket === undefined || bucket % step === 0) &&
    (filter === undefined || summed(filter))
  );
}

function summed(tree: FilterTree<FlowJson>): boolean {
  if (tree.kind === 'all') return true;
  if (tree.kind === 'not') return summed(tree.part);
  if (tree.kind !== 'term') return tree.parts.every(summed);
  const tests = testsOf(tree.matches);
  return (
    tests?.every((test) => ('number' in test ? test.number === 'destinationPort' : test.summed)) ?? false
  );
}

/** Adds a flow to its buckets, at most `most` of them; returns how many there were beside the first. */
function addTo(
  buckets: Map<number, Map<string, Sum>>,
  flow: FlowJson,
  key: string,
  step: number,
  most: number,
): number {
  const sumAt = (bucket: number): Sum => {
    let keys = buckets.get(bucket);
    if (keys === undefined) {
      keys = new Map();
      buckets.set(bucket, keys);
    }
    let sum = keys.get(key);
    if (sum === undefined) {
      sum = { flows: 0, sentPackets: 0, receivedPackets: 0, sent: 0, received: 0 };
      keys.set(key, sum);
    }
    return sum;
  };
  const { openedAt, sent, received } = flow;
  const first = Math.floor(openedAt / step) * step;
  const end = trafficEnd(flow);
  const opening = sumAt(first);
  opening.flows += 1;
  if (end < first + step) {
    opening.sent += sent?.bytes ?? 0;
    opening.received += received?.bytes ?? 0;
    opening.sentPackets += sent?.packets ?? 0;
    opening.receivedPackets += received?.packets ?? 0;
    return 0;
  }
  const share = (amount: number | undefined, field: keyof Sum) =>
    spread(
      openedAt,
      end,
      amount ?? 0,
      step,
      (bucket, part) => {
        sumAt(bucket)[field] += part;
      },
      most,
    );
  share(sent?.bytes, 'sent');
  share(received?.bytes, 'received');
  share(sent?.packets, 'sentPackets');
  share(received?.packets, 'receivedPackets');
  return Math.min(most, (end - first) / step);
}

/** A number of 48 bits. */
function digest(key: string): number {
  return Number.parseInt(hash('sha1', key).slice(0, 12), 16);
}

/** What sums keep of a flow, as JSON. */
function keyOf({ source, destination, protocol, verdict, observation }: FlowJson): string {
  return JSON.stringify([
    endKey(source),
    endKey(destination),
    destination.port,
    protocol,
    verdict?.outcome ?? '',
    observation === undefined ? '' : [observation.by, observation.exporter ?? ''],
  ]);
}

/** An end with a name is the same end whatever its address is. */
function endKey(end: EndJson): unknown {
  const { address, identity } = end;
  if (identity === undefined) return address;
  return endName(end) === address
    ? [address, identity.kind, identity.name]
    : ['', identity.kind, identity.name];
}

function flowOfKey(key: string): Flow {
  const [source, destination, port, protocol, outcome, observer] = JSON.parse(key);
  const end = (text: string | [string, string, string]) =>
    typeof text === 'string'
      ? { address: text, port: 0 }
      : { address: text[0] || '::', port: 0, identity: { kind: text[1], name: text[2] } };
  return flowFromJson({
    id: '',
    protocol,
    source: end(source),
    destination: { ...end(destination), port },
    state: 'closed',
    seenBy: 'network',
    openedAt: 0,
    reachedDestination: false,
    preexisting: false,
    ...(outcome !== '' && { verdict: { outcome, reasons: [] } }),
    ...(observer !== '' && {
      observation: { by: observer[0], ...(observer[1] !== '' && { exporter: observer[1] }) },
    }),
  } as unknown as FlowJson);
}
