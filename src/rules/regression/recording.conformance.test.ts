import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import type { FieldValue } from '../../event/field.ts';
import { cutItems } from '../../event/recording/cut.ts';
import { RecordingDecoder } from '../../event/recording/decoder.ts';
import { RecordingEncoder } from '../../event/recording/encoder.ts';
import type { RecordingItem } from '../../event/recording/item.ts';
import { RecordedMachine } from '../../event/recording/recorded-machine.ts';
import { readScap, type ScapRecording } from '../../event/scap/read-scap.ts';
import { scapItems } from '../../event/scap/scap-items.ts';
import { snapshot } from '../../event/state/snapshot.ts';
import { SystemState } from '../../event/state/system-state.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { fileText } from '../../manifest/embedded.ts';
import { compileRules } from '../compile/compile.ts';
import { AlertPrinter, alertJson, defaultAlertOptions } from '../format/alert.ts';
import { loadRules } from '../load/load.ts';
import type { Rule } from '../rule-set.ts';
import { falcoData, listed, regressionCases, regressionPath } from './cases.fixture.ts';

/** A capture that was put into Picket's own format says the same as the capture: every alert, every field of every event. */
const folders = ['captures', 'regression/trace_files'].map((one) => join(falcoData, one)).filter(existsSync);
const captures = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.scap'))
    .map((name) => join(folder, name)),
);

test.skipIf(captures.length > 0)(`recordings say what captures say: needs ${falcoData}`, () => {});

let [alerts, values, ratio] = [0, 0, ''];
afterAll(() => {
  if (captures.length > 0)
    console.log(
      `${captures.length} captures: ${alerts} alerts and ${values} field values the same; ${ratio}`,
    );
});

const extracts = [...syscallSource.fields.values()].flatMap((field) => {
  const bound = field.bind(field.argument?.required === true ? '1' : undefined);
  return typeof bound === 'function' ? [[field.name, bound] as const] : [];
});

/** The official rules, and those of every regression case, all of them enabled. */
function allRules(): Rule[] {
  const official = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) =>
    join(falcoData, 'rules', `${name}.yaml`),
  );
  const sets = Object.values(regressionCases).map((one) => listed(one.rules_file).map(regressionPath));
  const found = new Map<string, Rule>();
  for (const paths of [official, ...sets]) {
    const texts = paths
      .filter((path) => existsSync(path))
      .map((path) => fileText(path, readFileSync(path, 'utf8')));
    for (const rule of loadRules(texts, { sources: new Map([['syscall', syscallSource]]) }).rules)
      found.set(`${paths} ${rule.name}`, { ...rule, enabled: true });
  }
  return [...found.values()];
}

function recorded(items: Iterable<RecordingItem>): Uint8Array {
  const encoder = new RecordingEncoder();
  const chunks: Uint8Array[] = [];
  const take = () => {
    const chunk = encoder.take((body) => zstdCompressSync(body));
    if (chunk !== undefined) chunks.push(chunk.bytes);
  };
  for (const item of items) {
    if (item.kind === 'start') encoder.start(item.start);
    else if (item.kind === 'thread') expect(encoder.thread(item.thread)).toBe(true);
    else if (item.kind === 'account') encoder.account(item.account);
    else if (item.kind === 'event') expect(encoder.event(item.raw, item.number)).toBe(true);
    else if (item.kind === 'end') encoder.end();
    else expect.unreachable(item.kind);
    if (encoder.isFull) take();
  }
  take();
  return new Uint8Array(Buffer.concat(chunks));
}

function* readBack(bytes: Uint8Array): Generator<RecordingItem> {
  const decoder = new RecordingDecoder((body, most) => zstdDecompressSync(body, { maxOutputLength: most }));
  yield* decoder.push(bytes);
  yield* decoder.finish();
}

function surroundings({ accounts, hostname }: ScapRecording) {
  const names = new Map(accounts.map(({ kind, id, name }) => [`${kind} ${id}`, name]));
  return {
    userName: (id: number) => names.get(`user ${id}`),
    groupName: (id: number) => names.get(`group ${id}`),
    ...(hostname !== undefined && { hostname }),
  };
}

/** All that fields and rules say of an event; times and the like as text. */
function saidOf(event: SystemEvent, ask: (event: SystemEvent) => string[]): string {
  const fields = extracts.map(([name, extract]) => `${name}=${shown(extract(event))}`);
  values += fields.length;
  return [event.number, ...fields, ...ask(event)].join('\n');
}

function shown(value: FieldValue | readonly FieldValue[] | undefined): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one)) ?? '';
}

function asker(rules: readonly Rule[]): (event: SystemEvent) => string[] {
  const matcher = compileRules(rules, syscallSource);
  const printer = new AlertPrinter<SystemEvent>(syscallSource, ({ raw }) => raw.time, 'host');
  return (event) => {
    const lines = matcher
      .all(event)
      .map((rule) => alertJson(printer.alert(rule, event), defaultAlertOptions));
    alerts += lines.length;
    return lines;
  };
}

const rules = captures.length > 0 ? allRules() : [];

test.each(captures.map((path) => [basename(path), path] as const))(
  '%s says the same in either format, and from any point on',
  { timeout: 120_000 },
  (name, path) => {
    const bytes = new Uint8Array(gunzipSync(readFileSync(path)));
    const capture = readScap(bytes);
    const own = recorded(scapItems(capture, name));
    if (ratio === '') ratio = `${basename(path)} ${bytes.length} bytes, recorded ${own.length}`;
    const [ask, askBack, askAgain] = [asker(rules), asker(rules), asker(rules)];
    const machine = new RecordedMachine();
    const back = readBack(own);
    const direct = new SystemState(surroundings(capture));
    for (const thread of capture.threads) direct.seed(thread);
    // A third one that is begun from what the first one knew in the middle.
    let again: SystemState | undefined;
    const middle = capture.events.length >> 1;
    let compared = 0;
    for (const [index, { number, raw }] of capture.events.entries()) {
      if (index === middle) {
        const threads = [...snapshot(direct)].map((thread): RecordingItem => ({ kind: 'thread', thread }));
        again = new SystemState(surroundings(capture));
        for (const item of readBack(recorded([...threads, { kind: 'end' }])))
          if (item.kind === 'thread') again.seed(item.thread);
        expect([...again.threads()]).toEqual([...direct.threads()]);
      }
      const said = saidOf(direct.apply(raw, number), ask);
      let event: SystemEvent | undefined;
      while (event === undefined) {
        const { value, done } = back.next();
        if (done === true) break;
        expect(value.kind).not.toBe('fault');
        event = machine.take(value);
      }
      expect(event === undefined ? 'none' : saidOf(event, askBack)).toBe(said);
      if (again !== undefined) expect(saidOf(again.apply(raw, number), askAgain)).toBe(said);
      compared++;
    }
    expect(compared).toBe(capture.events.length);
    for (const item of back) {
      expect(['event', 'fault']).not.toContain(item.kind);
      machine.take(item);
    }
    expect(machine.start?.hostname).toBe(capture.hostname);
  },
);

test.each(captures.map((path) => [basename(path), path] as const))(
  'events that were cut out of %s say the same as in the whole',
  { timeout: 120_000 },
  (name, path) => {
    const capture = readScap(new Uint8Array(gunzipSync(readFileSync(path))));
    const ask = asker(rules);
    // Some of all, those of every other thread, and calls that change what is known.
    const filters: ((event: SystemEvent) => boolean)[] = [
      ({ number }) => number % 7 < 2,
      ({ thread }) => thread.tid % 2 === 0,
      ({ typeName }) => /^(open|connect|chdir|clone|close|exec)/.test(typeName),
    ];
    for (const keep of filters) {
      const direct = new SystemState(surroundings(capture));
      for (const thread of capture.threads) direct.seed(thread);
      const wanted = capture.events.flatMap(({ number, raw }) => {
        const event = direct.apply(raw, number);
        return keep(event) ? [saidOf(event, ask)] : [];
      });
      const machine = new RecordedMachine();
      const cut = recorded(cutItems(scapItems(capture, name), keep));
      const found = [...readBack(cut)].flatMap((item) => {
        const event = machine.take(item);
        return event === undefined ? [] : [saidOf(event, ask)];
      });
      for (const [index, said] of wanted.entries()) expect(found[index]).toBe(said);
      expect(found).toHaveLength(wanted.length);
    }
  },
);
