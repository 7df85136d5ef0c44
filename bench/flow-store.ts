/**
 * Keeping flows and asking them: node bench/flow-store.ts [--flows 10000000] [--quick] [--only picket,sqlite,duckdb] [--keep FOLDER].
 * The store beside one SQLite table of columns with indexes and beside DuckDB, each in a process of its own over the same generated
 * flows: rates of insertion, bytes on disk, memory, and the times of questions (on the clock, and of all threads on the processor: where
 * other programs run beside, only the latter says much), whose answers have to agree. With --keep the flows of the store stay in FOLDER,
 * and the next run asks those.
 *
 * DuckDB is no dependency. It is looked for where node would find it, and below $DUCKDB_MODULES:
 * `npm install --prefix /tmp/duckdb @duckdb/node-api@1.5.6-r.1`, then DUCKDB_MODULES=/tmp/duckdb.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { dimensions } from '../src/flow/ask/dimension.ts';
import type { FlowQuery } from '../src/flow/ask/query.ts';
import { parseFlowFilter } from '../src/flow/filter.ts';
import type { Flow } from '../src/flow/flow.ts';
import { formatAddress, ipv4 } from '../src/net/address.ts';
import { openDatabase, openDatabaseToRead } from '../src/store/database.ts';
import {
  type Dictionary,
  type DictionaryColumn,
  type EndColumn,
  type FlowColumns,
  type NumberColumn,
  numberColumns,
} from '../src/store/log/columns.ts';
import { FlowLog } from '../src/store/log/flow-log.ts';
import { FlowMover } from '../src/store/log/mover.ts';
import { writeSegment } from '../src/store/log/segment.ts';
import { SegmentList } from '../src/store/log/segment-list.ts';
import { flowRecords } from '../src/store/record.ts';
import { defaultSegmentRows, openSqliteStore } from '../src/store/sqlite.ts';
import { Table } from '../src/store/table.ts';
import { median } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    flows: { type: 'string' },
    quick: { type: 'boolean' },
    only: { type: 'string', default: 'picket,sqlite,duckdb' },
    engine: { type: 'string' },
    folder: { type: 'string' },
    keep: { type: 'string' },
  },
});
const count = Number(options.flows ?? (options.quick ? 200_000 : 10_000_000));
const start = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const lastHour = start + day - 3_600_000;
const batch = 16_384;
const sources = 20_000;
const destinations = 3_000;
const ports = [443, 80, 53, 22, 25, 123, 389, 445, 3306, 5432, 6379, 8080, 8443, 9092, 9200, 27017];
const verdicts = ['allow', 'deny', 'unknown'] as const;
const sourceBase = 0xc6120000; // 198.18.0.0
const destinationBase = 0xcb007100; // 203.0.113.0 and on

/** One flow as numbers: what all engines store. */
interface Numbers {
  at: number;
  duration: number;
  source: number;
  destination: number;
  sourcePort: number;
  port: number;
  protocol: number;
  verdict: number;
  sent: number;
  received: number;
  sentPackets: number;
  receivedPackets: number;
}

/** Calls `take` with the same flows at every run, ordered by time; the object is used again. */
function generate(take: (flow: Numbers, n: number) => void, most = count): void {
  let seed = 1;
  const random = (): number => {
    // Mulberry32.
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const flow = {} as Numbers;
  for (let n = 0; n < most; n++) {
    flow.at = start + Math.floor((n * day) / count);
    flow.duration = Math.floor(random() ** 4 * 120_000);
    // A part of the sources is busier than others.
    flow.source = sourceBase + Math.floor(random() ** 1.5 * sources);
    flow.destination = destinationBase + Math.floor(random() ** 2 * destinations);
    flow.sourcePort = 1024 + Math.floor(random() * 64_000);
    flow.port = ports[Math.floor(random() ** 2 * ports.length)]!;
    flow.protocol = flow.port === 53 || flow.port === 123 ? 17 : 6;
    flow.verdict = random() < 0.9 ? 0 : random() < 0.5 ? 1 : 2;
    flow.sent = 60 + Math.floor(random() ** 6 * 5e6);
    flow.received = 60 + Math.floor(random() ** 6 * 5e7);
    flow.sentPackets = 1 + Math.floor(flow.sent / 1200);
    flow.receivedPackets = 1 + Math.floor(flow.received / 1400);
    take(flow, n);
  }
}

const reasons = verdicts.map((outcome) => ({
  outcome,
  reasons: [
    {
      layer: 'networkpolicy',
      direction: 'ingress' as const,
      outcome,
      text: `rule 2 of shop/backend says ${outcome}`,
      object: { kind: 'NetworkPolicy', name: 'backend', namespace: 'shop' },
    },
  ],
}));

function flowOf(numbers: Numbers, n: number): Flow {
  return {
    id: `b0-${n.toString(36)}`,
    protocol: numbers.protocol,
    source: { address: ipv4(numbers.source), port: numbers.sourcePort },
    destination: { address: ipv4(numbers.destination), port: numbers.port },
    state: 'closed',
    seenBy: 'network',
    openedAt: numbers.at,
    closedAt: numbers.at + numbers.duration,
    reachedDestination: true,
    preexisting: false,
    verdict: reasons[numbers.verdict]!,
    sent: { packets: numbers.sentPackets, bytes: numbers.sent, tcpFlags: 27 },
    received: { packets: numbers.receivedPackets, bytes: numbers.received, tcpFlags: 27 },
    observation: { by: 'netflow-v9', exporter: '198.51.100.1' },
  };
}

/** The questions, for the store and as SQL. The answer that is compared: the first group and its bytes. */
const questions: readonly {
  name: string;
  query: Partial<FlowQuery>;
  by: string[];
  filter: string;
  sql: string;
}[] = [
  { name: 'top sources, all', by: ['src'], filter: '', query: {}, sql: sql('src', '') },
  {
    name: 'top src,dst,port, all',
    by: ['src', 'dst', 'port'],
    filter: '',
    query: {},
    sql: sql('src, dst, port', ''),
  },
  {
    name: 'top destinations, port=443 verdict=deny',
    by: ['dst'],
    filter: 'port=443 verdict=deny',
    query: {},
    sql: sql('dst', 'port = 443 AND verdict = 1'),
  },
  {
    name: 'top destinations, src=198.18.5.0/24',
    by: ['dst'],
    filter: 'src=198.18.5.0/24',
    query: {},
    sql: sql('dst', `src BETWEEN ${sourceBase + 0x500} AND ${sourceBase + 0x5ff}`),
  },
  {
    name: 'top sources, last hour',
    by: ['src'],
    filter: '',
    query: { since: lastHour },
    sql: sql('src', `at >= ${lastHour}`),
  },
  {
    name: 'verdicts, last hour',
    by: ['verdict'],
    filter: '',
    query: { since: lastHour },
    sql: sql('verdict', `at >= ${lastHour}`),
  },
  {
    name: 'ports by minute, last hour',
    by: ['port', 'minute'],
    filter: '',
    query: { since: lastHour },
    sql: sql('port, CAST(at / 60000 AS BIGINT)', `at >= ${lastHour}`),
  },
];

function sql(by: string, where: string): string {
  return (
    `SELECT ${by}, count(*) AS flows, sum(sent + received) AS bytes, sum(sent_packets + received_packets) AS packets FROM t ` +
    `${where === '' ? '' : `WHERE ${where} `}GROUP BY ${by} ORDER BY bytes DESC LIMIT 10`
  );
}

/** What one engine measured. */
interface Result {
  readonly notes: readonly string[];
  /** Flows per second. */
  readonly rate: number;
  readonly bytes: number;
  /** Peak memory of inserting and of asking, MB. */
  readonly rss: number;
  readonly rows: readonly {
    readonly name: string;
    readonly ms: number;
    readonly cpu: number;
    readonly answer: string;
  }[];
}

async function ask(
  run: (question: (typeof questions)[number]) => Promise<string> | string,
): Promise<Result['rows']> {
  const rows = [];
  for (const question of questions) {
    const times: number[] = [];
    const busy: number[] = [];
    let answer = '';
    // The slow ones need not so many.
    for (let round = 0; round < 5 && (round < 3 || times[0]! < 3_000); round++) {
      const from = performance.now();
      const before = process.cpuUsage();
      answer = await run(question);
      const { user, system } = process.cpuUsage(before);
      times.push(performance.now() - from);
      busy.push((user + system) / 1000);
    }
    rows.push({ name: question.name, ms: median(times), cpu: median(busy), answer });
  }
  return rows;
}

const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024;

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Rows of one segment, as segments are after they were merged. */
const merged = 131_072;

/** Numbers of flows as the columns of a segment: what {@link flowOf} would give, without an object for each. */
class Batch {
  rows = 0;
  readonly #numbers = new Map(numberColumns.map((name) => [name, new Float64Array(merged).fill(Number.NaN)]));
  readonly #ends = { source: new Uint32Array(merged), destination: new Uint32Array(merged) };
  readonly #distinct = { source: new Map<number, number>(), destination: new Map<number, number>() };
  readonly #verdicts = new Uint8Array(merged);
  readonly #protocols = new Uint8Array(merged);
  readonly #ids: string[] = [];

  add(flow: Numbers, n: number): void {
    const index = this.rows++;
    const set = (name: NumberColumn, value: number) => {
      this.#numbers.get(name)![index] = value;
    };
    set('row', n + 1);
    set('openedAt', flow.at);
    set('closedAt', flow.at + flow.duration);
    set('sourcePort', flow.sourcePort);
    set('destinationPort', flow.port);
    set('sentBytes', flow.sent);
    set('sentPackets', flow.sentPackets);
    set('sentFlags', 27);
    set('receivedBytes', flow.received);
    set('receivedPackets', flow.receivedPackets);
    set('receivedFlags', 27);
    this.#end('source', index, flow.source);
    this.#end('destination', index, flow.destination);
    this.#verdicts[index] = flow.verdict;
    this.#protocols[index] = flow.protocol === 6 ? 0 : 1;
    this.#ids.push(`b0-${n.toString(36)}`);
  }

  #end(name: EndColumn, index: number, value: number): void {
    const known = this.#distinct[name];
    let code = known.get(value);
    if (code === undefined) {
      code = known.size;
      known.set(value, code);
    }
    this.#ends[name][index] = code;
  }

  columns(): FlowColumns {
    const { rows } = this;
    const all = new Uint8Array(rows);
    const dictionaries: Partial<Record<DictionaryColumn, Dictionary>> = {
      verdict: { codes: this.#verdicts.subarray(0, rows), values: verdicts },
      rest: {
        codes: this.#verdicts.subarray(0, rows),
        values: reasons.map((verdict) =>
          JSON.stringify({ reachedDestination: true, preexisting: false, verdict }),
        ),
      },
      protocol: { codes: this.#protocols.subarray(0, rows), values: ['tcp', 'udp'] },
      state: { codes: all, values: ['closed'] },
      seenBy: { codes: all, values: ['network'] },
      observation: { codes: all, values: [JSON.stringify({ by: 'netflow-v9', exporter: '198.51.100.1' })] },
    };
    return {
      rows,
      weights: undefined,
      numbers: (name) => this.#numbers.get(name)!.subarray(0, rows),
      dictionary: (name) => dictionaries[name] ?? { codes: all, values: [''] },
      ends: (name) => {
        const values = [...this.#distinct[name].keys()];
        return {
          codes: this.#ends[name].subarray(0, rows),
          family: new Uint8Array(values.length).fill(4),
          lanes: Uint32Array.from(values.flatMap((value) => [0, 0, 0, value])),
          identityCodes: new Uint8Array(values.length),
          identities: [''],
        };
      },
      texts: (name) => (name === 'id' ? this.#ids : new Array<null>(rows).fill(null)),
    };
  }
}

/** Writes all flows as segments; returns how many in a second. */
function writeAll(path: string): number {
  const database = openDatabase(path);
  const insert = database.prepare(
    'INSERT INTO segments (id, rows, min_row, max_row, min_at, max_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  let id = 0;
  let pending = new Batch();
  const from = performance.now();
  const append = () => {
    id += 1;
    const columns = pending.columns();
    const bytes = writeSegment(join(`${path}-flows`, `${id}.flows`), columns);
    const [rows, at] = [columns.numbers('row'), columns.numbers('openedAt')];
    insert.run(id, columns.rows, rows[0]!, rows.at(-1)!, at[0]!, at.at(-1)!, bytes);
    pending = new Batch();
  };
  generate((numbers, n) => {
    pending.add(numbers, n);
    if (pending.rows === merged) append();
  });
  if (pending.rows > 0) append();
  const seconds = (performance.now() - from) / 1000;
  database.close();
  return count / seconds;
}

async function picket(folder: string): Promise<Result> {
  const path = join(folder, 'picket.db');
  const rate = existsSync(path) ? Number.NaN : writeAll(path);
  const insertRss = peakMegabytes();
  const bytes = folderBytes(folder);
  const reader = openDatabaseToRead(path);
  const log = new FlowLog(reader, new Table(reader, flowRecords), path);
  const kept = log.list.sealed().rows;
  if (kept !== count) throw new Error(`${path} has ${kept} flows, not ${count}`);
  const segments = log.list.segments().length;
  const rows = await ask(({ by, filter, query }) => {
    const parsed = parseFlowFilter(filter);
    if (!parsed.ok) throw new Error(filter);
    const [group] = log.ask({
      by: by.map((name) => dimensions.get(name)!),
      order: 'bytes',
      top: 10,
      filter: parsed.tree,
      ...query,
    }).groups;
    return `${group?.key.join(' ')} ${group?.bytes}`;
  });
  reader.close();
  const rss = peakMegabytes();
  return {
    notes: [
      `${segments} segments of columns, ${(bytes / count).toFixed(1)} bytes per flow; peak memory of writing them ${insertRss.toFixed(0)} MB`,
      asObjects(folder),
      await inTable(folder),
      await throughTable(folder, false),
      await throughTable(folder, true),
      await throughTable(folder, true, 20_000),
    ],
    rate,
    bytes,
    rss,
    rows,
  };
}

/** The first flows of all, as records. */
function firstFlows(most: number): Flow[] {
  const some: Flow[] = [];
  generate(
    (numbers, n) => {
      some.push(flowOf(numbers, n));
    },
    Math.min(count, most),
  );
  return some;
}

/** Flows that ended, as records, with their sums and merging. */
function asObjects(folder: string): string {
  const path = join(folder, 'import', 'picket.db');
  mkdirSync(join(folder, 'import'));
  const some = firstFlows(10 * batch);
  const database = openDatabase(path);
  const mover = new FlowMover(database, new SegmentList(database, path));
  const from = performance.now();
  for (let at = 0; at < some.length; at += batch)
    mover.append(some.slice(at, at + batch).map((value, index) => ({ row: at + index + 1, value })));
  const rate = some.length / ((performance.now() - from) / 1000);
  database.close();
  const bytes = folderBytes(join(folder, 'import'));
  rmSync(join(folder, 'import'), { recursive: true });
  return `records that ended, with sums: ${Math.round(rate).toLocaleString('en')} flows/s, ${(bytes / some.length).toFixed(1)} bytes per flow`;
}

/**
 * Flows as an agent writes them: through the table of those that may still change, 1,000 at a time, with the loop running between, until
 * they are in segments but for less than one more segment would need; `pace` is how many come in a second.
 */
async function throughTable(folder: string, thread: boolean, pace = Infinity): Promise<string> {
  const path = join(folder, 'agent', 'picket.db');
  const store = openSqliteStore(path, { thread });
  const reader = openDatabaseToRead(path);
  const list = new SegmentList(reader, path);
  const some = firstFlows(200_000);
  const blocks = { ms: 0, awake: 0, cpu: 0 };
  let written = 0;
  const from = performance.now();
  const rate = () => Math.round(some.length / ((performance.now() - from) / 1000));
  for (let at = 0; written === 0 || list.sealed().rows <= some.length - batch; at += 1_000) {
    const waited = waitedForProcessor();
    const before = performance.now();
    const busy = process.threadCpuUsage();
    for (const flow of some.slice(at, at + 1_000)) store.putFlow(flow);
    store.flush();
    await setImmediate();
    const { user, system } = process.threadCpuUsage(busy);
    const ms = performance.now() - before;
    blocks.ms = Math.max(blocks.ms, ms);
    blocks.awake = Math.max(blocks.awake, ms - (waitedForProcessor() - waited));
    blocks.cpu = Math.max(blocks.cpu, (user + system) / 1000);
    if (at < some.length) {
      const early = (at / pace) * 1000 - (performance.now() - from);
      if (early > 1) await pause(early);
      continue;
    }
    if (written === 0 && store.health().flows === some.length) written = rate();
    // What is left is the thread's.
    await pause(5);
  }
  const moved = rate();
  const { lost } = store.health();
  reader.close();
  await store.close();
  rmSync(join(folder, 'agent'), { recursive: true });
  const told = (value: number) => value.toLocaleString('en');
  return (
    `as an agent writes them, ${pace < Infinity ? `${told(pace)} a second, ` : ''}` +
    `moved by ${thread ? 'a thread' : 'the loop itself'}: ${told(written)} flows/s written, ` +
    `${told(moved)} moved too, ${lost} lost; the loop stood still for at most ${blocks.ms.toFixed(0)} ms, ` +
    `${blocks.awake.toFixed(0)} without waiting for a processor (${blocks.cpu.toFixed(0)} on it)`
  );
}

/** What a question takes over the flows that wait in the table until there are enough for a segment. */
async function inTable(folder: string): Promise<string> {
  const store = openSqliteStore(join(folder, 'table', 'picket.db'));
  for (const flow of firstFlows(defaultSegmentRows - 1)) store.putFlow(flow);
  store.flush();
  const [first] = await ask(
    ({ by, query }) =>
      store.ask({ by: by.map((name) => dimensions.get(name)!), order: 'bytes', top: 10, ...query }).groups[0]
        ?.key[0] ?? '',
  );
  await store.close();
  rmSync(join(folder, 'table'), { recursive: true });
  return `"${first!.name}" over ${defaultSegmentRows - 1} flows that are still in the table: ${first!.ms.toFixed(0)} ms (${first!.cpu.toFixed(0)})`;
}

/** How long the main thread was ready to run and others ran instead, ms (Documentation/scheduler/sched-stats.rst). */
function waitedForProcessor(): number {
  const [, delay] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(delay) / 1e6;
}

const columns = [
  'at',
  'duration',
  'src',
  'dst',
  'sport',
  'port',
  'protocol',
  'verdict',
  'sent',
  'received',
  'sent_packets',
  'received_packets',
];
const valuesOf = (n: Numbers): number[] => [
  n.at,
  n.duration,
  n.source,
  n.destination,
  n.sourcePort,
  n.port,
  n.protocol,
  n.verdict,
  n.sent,
  n.received,
  n.sentPackets,
  n.receivedPackets,
];

async function sqlite(folder: string): Promise<Result> {
  const database = new DatabaseSync(join(folder, 'flows.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536');
  database.exec(
    `CREATE TABLE t (row INTEGER PRIMARY KEY, ${columns.map((name) => `${name} INTEGER NOT NULL`).join(', ')}) STRICT`,
  );
  database.exec('CREATE INDEX t_at ON t (at)');
  const insert = database.prepare(
    `INSERT INTO t (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const from = performance.now();
  database.exec('BEGIN');
  generate((numbers, n) => {
    insert.run(...valuesOf(numbers));
    if (n % batch === batch - 1) database.exec('COMMIT; BEGIN');
  });
  database.exec('COMMIT');
  const rate = count / ((performance.now() - from) / 1000);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const bytes = folderBytes(folder);
  const rows = await ask(({ sql: text, by }) =>
    sqlAnswer(by, Object.values(database.prepare(text).get() ?? {})),
  );
  database.exec('CREATE INDEX t_src ON t (src, sent, received, sent_packets, received_packets)');
  const covered = performance.now();
  database.prepare(questions[0]!.sql).get();
  const ms = performance.now() - covered;
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const more = folderBytes(folder) - bytes;
  database.close();
  return {
    notes: [
      `with an index that covers it, "${questions[0]!.name}" ${ms.toFixed(0)} ms, for ${megabytes(more)} MB more`,
    ],
    rate,
    bytes,
    rss: peakMegabytes(),
    rows,
  };
}

async function duckdb(folder: string): Promise<Result> {
  const { DuckDBInstance } = loadDuckdb();
  const instance = await DuckDBInstance.create(join(folder, 'flows.duckdb'), {
    memory_limit: '256MB',
    threads: '2',
  });
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE t (${columns.map((name) => `"${name}" ${duckTypes[name] ?? 'UINTEGER'}`).join(', ')})`,
  );
  const from = performance.now();
  const appender = await connection.createAppender('t');
  generate((n) => {
    appender.appendBigInt(BigInt(n.at));
    appender.appendUInteger(n.duration);
    appender.appendUInteger(n.source);
    appender.appendUInteger(n.destination);
    appender.appendUSmallInt(n.sourcePort);
    appender.appendUSmallInt(n.port);
    appender.appendUTinyInt(n.protocol);
    appender.appendUTinyInt(n.verdict);
    appender.appendBigInt(BigInt(n.sent));
    appender.appendBigInt(BigInt(n.received));
    appender.appendUInteger(n.sentPackets);
    appender.appendUInteger(n.receivedPackets);
    appender.endRow();
  });
  appender.closeSync();
  await connection.run('CHECKPOINT');
  const rate = count / ((performance.now() - from) / 1000);
  const insertRss = peakMegabytes();
  const rows = await ask(async ({ sql: text, by }) => {
    const reader = await connection.runAndReadAll(
      text.replaceAll(/\bat\b/g, '"at"').replaceAll('CAST("at" / 60000 AS BIGINT)', '("at" // 60000)'),
    );
    return sqlAnswer(by, reader.getRows()[0] ?? []);
  });
  const bytes = folderBytes(folder);
  return {
    notes: [`peak memory of inserting ${insertRss.toFixed(0)} MB, memory_limit 256 MB`],
    rate,
    bytes,
    rss: peakMegabytes(),
    rows,
  };
}

const duckTypes: Readonly<Record<string, string>> = {
  at: 'BIGINT',
  sport: 'USMALLINT',
  port: 'USMALLINT',
  protocol: 'UTINYINT',
  verdict: 'UTINYINT',
  sent: 'BIGINT',
  received: 'BIGINT',
};

/** The first row of a query as the store tells it: values as they are written there, then bytes. */
function sqlAnswer(by: readonly string[], row: readonly unknown[]): string {
  const key = by.map((name, index) => {
    const value = Number(row[index]);
    if (name === 'src' || name === 'dst') return formatAddress(ipv4(value));
    if (name === 'verdict') return verdicts[value];
    if (name === 'minute')
      return dimensions
        .get('minute')!
        .of({ openedAt: value * 60_000 } as Parameters<
          NonNullable<ReturnType<typeof dimensions.get>>['of']
        >[0]);
    return String(value);
  });
  return `${key.join(' ')} ${Number(row[by.length + 1])}`;
}

interface Appender {
  appendBigInt(value: bigint): void;
  appendUInteger(value: number): void;
  appendUSmallInt(value: number): void;
  appendUTinyInt(value: number): void;
  endRow(): void;
  closeSync(): void;
}

/** As much of DuckDB's interface as is used here: the package need not be there when this is checked. */
interface Duckdb {
  readonly DuckDBInstance: {
    create(
      path: string,
      options: Record<string, string>,
    ): Promise<{
      connect(): Promise<{
        run(text: string): Promise<unknown>;
        createAppender(table: string): Promise<Appender>;
        runAndReadAll(text: string): Promise<{ getRows(): unknown[][] }>;
      }>;
    }>;
  };
}

function loadDuckdb(): Duckdb {
  const places = [
    import.meta.url,
    ...(process.env.DUCKDB_MODULES ? [join(process.env.DUCKDB_MODULES, 'x.js')] : []),
  ];
  for (const place of places) {
    try {
      return createRequire(place)('@duckdb/node-api') as Duckdb;
    } catch {
      // The next place may have it.
    }
  }
  throw new Error(
    'DuckDB is not there: npm install --prefix /tmp/duckdb @duckdb/node-api@1.5.6-r.1, then set DUCKDB_MODULES=/tmp/duckdb',
  );
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
const engines: Readonly<Record<string, (folder: string) => Promise<Result>>> = { picket, sqlite, duckdb };

if (options.engine !== undefined && options.folder !== undefined) {
  process.stdout.write(JSON.stringify(await engines[options.engine]!(options.folder)));
} else {
  const results: (readonly [string, Result])[] = [];
  for (const name of options.only.split(',')) {
    const kept = name === 'picket' ? options.keep : undefined;
    if (kept !== undefined) mkdirSync(kept, { recursive: true });
    const folder = kept ?? mkdtempSync(join(tmpdir(), 'picket-bench-flows-'));
    try {
      const args = [import.meta.filename, '--engine', name, '--folder', folder, '--flows', String(count)];
      const text = execFileSync(process.execPath, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      results.push([name, JSON.parse(text)]);
    } catch (error) {
      const said = String((error as { stderr?: string }).stderr ?? error);
      console.log(`${name}: ${said.split('\n').find((line) => line.includes('Error')) ?? said}`);
    } finally {
      if (kept === undefined) rmSync(folder, { recursive: true });
    }
  }
  console.log(
    `\n${count.toLocaleString('en')} flows of ${sources.toLocaleString('en')} sources and ${destinations.toLocaleString('en')} destinations in a day`,
  );
  const line = (title: string, cell: (result: Result) => string) =>
    console.log(`  ${title.padEnd(60)}${results.map(([, result]) => cell(result).padStart(15)).join('')}`);
  console.log(`  ${''.padEnd(60)}${results.map(([name]) => name.padStart(15)).join('')}`);
  line('inserted, flows/s', ({ rate }) => (rate > 0 ? Math.round(rate).toLocaleString('en') : 'kept'));
  line('on disk, MB', ({ bytes }) => megabytes(bytes));
  line('peak memory, MB', ({ rss }) => rss.toFixed(0));
  for (const [index, { name }] of questions.entries())
    line(
      `${name}, ms (of processor)`,
      ({ rows }) => `${rows[index]!.ms.toFixed(0)} (${rows[index]!.cpu.toFixed(0)})`,
    );
  for (const [name, { notes }] of results) for (const note of notes) console.log(`  ${name}: ${note}`);
  for (const [index, { name }] of questions.entries()) {
    const answers = new Set(results.map(([, { rows }]) => rows[index]!.answer));
    if (answers.size > 1) throw new Error(`${name}: the answers differ: ${[...answers].join(' / ')}`);
  }
  console.log('  all answers agree');
}
