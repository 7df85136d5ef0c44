import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Flow, FlowState } from '../flow/flow.ts';
import { parseAddress } from '../net/address.ts';
import { portScan } from './port-scan.ts';

const shared = env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const folder = join(shared, 'data/detect');

/** TCP connection states of Zeek's conn.log (base/protocols/conn) that say whether the first contact succeeded. */
const outcomes: Readonly<Record<string, FlowState>> = {
  S0: 'unanswered',
  REJ: 'refused',
  SF: 'established',
  S1: 'established',
  S2: 'established',
  S3: 'established',
  RSTO: 'established',
};

interface Contact {
  readonly flow: Flow;
  readonly from: string;
  readonly to: string;
}

/** Reads a conn.log, JSON or tab-separated; rows that are no TCP or say nothing of success are left out. */
function read(file: string): Contact[] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  const names =
    lines
      .find((line) => line.startsWith('#fields'))
      ?.split('\t')
      .slice(1) ?? [];
  const contacts: Contact[] = [];
  for (const [number, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const row: Record<string, string | number> = line.startsWith('{')
      ? JSON.parse(line)
      : Object.fromEntries(line.split('\t').map((value, column) => [names[column], value]));
    const [from, to] = [String(row['id.orig_h']), String(row['id.resp_h'])];
    const [source, destination] = [parseAddress(from), parseAddress(to)];
    const state = outcomes[String(row.conn_state)];
    if (row.proto !== 'tcp' || state === undefined || !source || !destination) continue;
    const openedAt = Number(row.ts) * 1000;
    const flow: Flow = {
      id: String(number),
      protocol: 6,
      source: { address: source, port: Number(row['id.orig_p']) },
      destination: { address: destination, port: Number(row['id.resp_p']) },
      state,
      seenBy: 'source',
      openedAt,
      reachedDestination: false,
      preexisting: false,
    };
    contacts.push({ flow, from, to });
  }
  return contacts.sort((x, y) => x.flow.openedAt - y.flow.openedAt);
}

/** Returns the sources that the detector calls scanners, and those that failed at 5 places or more. */
function judge(contacts: readonly Contact[]) {
  const detector = portScan.create(portScan.options.parse({}));
  const found = new Set<string>();
  const failed = new Map<string, Set<string>>();
  for (const { flow, from, to } of contacts) {
    for (const finding of detector.onFlow!(flow, 'decided')) found.add(finding.entity);
    if (flow.state === 'established') continue;
    const places = failed.get(from) ?? new Set();
    failed.set(from, places.add(`${to} ${flow.destination.port}`));
  }
  const wide = [...failed].filter(([, places]) => places.size >= 5).map(([from]) => from);
  return { found, wide };
}

function recorded(file: string, what: string, run: (contacts: Contact[]) => void) {
  const absent = existsSync(join(folder, file)) ? '' : ` (skipped: ${file} is not under ${folder})`;
  test.skipIf(absent !== '')(`${what}${absent}`, () => run(read(file)));
}

recorded(
  '002-zeek-scenario-port-scanning__conn.log',
  'finds the one host that ran nmap, and no other',
  (contacts) => {
    const { found } = judge(contacts);
    console.info(`002: ${contacts.length} contacts, scanners found: ${[...found].join(', ')}`);
    expect([...found]).toEqual(['172.16.1.11']);
  },
);

recorded(
  '008-zeek-mixed__data__conn.log.labeled',
  'finds the attackers from outside, and not the attacked host',
  (contacts) => {
    const { found, wide } = judge(contacts);
    const caught = wide.filter((source) => found.has(source));
    const sources = new Set(contacts.map(({ from }) => from)).size;
    console.info(
      `008: ${sources} sources, ${wide.length} failed at 5 places or more, ${caught.length} of them found`,
    );
    expect(wide.length).toBeGreaterThan(40);
    expect(caught.length / wide.length).toBeGreaterThan(0.9);
    expect(found.has('147.32.81.167')).toBe(false);
  },
);
