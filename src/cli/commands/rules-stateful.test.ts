import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEvents, scapOf } from '../../event/scap/write-scap.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const examples = fileURLToPath(new URL('../../../examples/rules', import.meta.url));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-stateful-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const second = 1_000_000_000n;
/** Files opened by a process, one a second. */
const capture = (...paths: string[]) =>
  scapOf(
    paths.flatMap((path, index) =>
      openEvents(path).map((event) => ({ ...event, time: BigInt(index) * second })),
    ),
  );
const correlation = (name: string, body: string, within = '10s') =>
  `- correlation: ${name}
  desc: d
  ${body}
  within: ${within}
  output: "%evt.num %fd.name first=%correlation.first_time"
  priority: NOTICE
`;
const opened = (path: string) => `evt.type = open and fd.name = ${path}`;
const twice = correlation('twice', `count: {condition: "${opened('/a')}", by: [fd.name], at_least: 2}`);
const pair = correlation(
  'pair',
  `sequence: {steps: [{name: one, condition: "${opened('/a')}"}, {name: two, condition: "${opened('/b')}"}]}`,
);
const alone = correlation('alone', `absence: {after: "${opened('/a')}", condition: "${opened('/b')}"}`, '2s');

test('the examples are sound, and do what their tests say', async () => {
  cpSync(examples, folder, { recursive: true });
  expect(await picket('rules', 'check', 'stateful.yaml')).toEqual({
    code: 0,
    out: 'no problems found\n',
    err: '0 rules and 4 correlations in 1 file, 4 enabled\n',
  });
  const { code, out } = await picket('rules', 'test', '.');
  expect(code).toBe(ExitCode.clean);
  expect(out).toMatch(/\n12 passed, 0 failed\n$/);
});

test('what the guide shows is sound', async () => {
  cpSync(examples, folder, { recursive: true });
  const guide = readFileSync(new URL('../../../docs/guide/stateful-rules.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block);
  const shown = blocks.filter((block) => block.startsWith('- correlation'));
  const [shared = ''] = readFileSync(join(folder, 'stateful.yaml'), 'utf8').split('- correlation');
  writeFileSync(join(folder, 'guide.yaml'), shared + shown.join(''));
  expect(await picket('rules', 'check', 'guide.yaml')).toEqual({
    code: 0,
    out: 'no problems found\n',
    err: '0 rules and 3 correlations in 1 file, 3 enabled\n',
  });
  writeFileSync(join(folder, 'guide.rules-test.yaml'), blocks.at(-1) ?? '');
  expect((await picket('rules', 'test', 'guide.rules-test.yaml')).out).toBe(
    '✓ the rights of root are kept\n1 passed, 0 failed\n',
  );
});

test('a recording: count, sequence and absence in the order of their times', async () => {
  writeFileSync(join(folder, 'r.yaml'), twice + pair + alone);
  writeFileSync(join(folder, 't.scap'), capture('/a', '/x', '/x', '/x', '/a', '/b', '/b', '/x', '/x', '/x'));
  const { code, out, err } = await picket('replay', 't.scap', '-r', 'r.yaml');
  expect(code).toBe(ExitCode.problems);
  expect(out).toMatchInlineSnapshot(`
    "00:00:02.000000000: Notice 2 /a first=1970-01-01T00:00:00.000000000Z
    00:00:04.000000000: Notice 10 /a first=1970-01-01T00:00:00.000000000Z
    00:00:05.000000000: Notice 12 /b first=1970-01-01T00:00:04.000000000Z
    "
  `);
  expect(err).toContain('of 3 rules over 10 events');
});

test('what a change of correlations changes', async () => {
  writeFileSync(join(folder, 'old.yaml'), twice);
  writeFileSync(join(folder, 'new.yaml'), pair + twice.replace('at_least: 2', 'at_least: 3'));
  writeFileSync(join(folder, 't.scap'), capture('/a', '/a', '/b'));
  const { out } = await picket('rules', 'diff', 'old.yaml', 'new.yaml', '--on', 't.scap');
  expect(out).toMatchInlineSnapshot(`
    "+ pair: 1 alert
        t.scap event 6: 6 /b first=1970-01-01T00:00:01.000000000Z
    - twice: 1 alert
        t.scap event 4: 4 /a first=1970-01-01T00:00:00.000000000Z
    "
  `);
});

test('why a correlation fires, is silent, or does not fire', async () => {
  writeFileSync(join(folder, 'r.yaml'), twice + pair);
  writeFileSync(join(folder, 't.scap'), capture('/a', '/a', '/a', '/b'));
  const explain = (name: string, event: number) =>
    picket('rules', 'explain', name, '-r', 'r.yaml', '--on', 't.scap', '--event', String(event));
  expect((await explain('twice', 4)).out).toMatchInlineSnapshot(`
    "event 4: open by <NA> (7)
    counted:
    ✓ all of
      ✓ evt.type = open   evt.type is open
      ✓ fd.name = /a   fd.name is /a
      key (fd.name): /a
    4 /a first=1970-01-01T00:00:00.000000000Z
    the correlation fires
    "
  `);
  expect((await explain('twice', 6)).out).toContain('is met, and silent');
  expect((await explain('pair', 4)).out).toMatchInlineSnapshot(`
    "event 4: open by <NA> (7)
    one:
    ✓ all of
      ✓ evt.type = open   evt.type is open
      ✓ fd.name = /a   fd.name is /a
    two:
    ✗ all of
      ✗ fd.name = /b   fd.name is /a
    the correlation does not fire
    "
  `);
  expect((await explain('pair', 8)).code).toBe(ExitCode.clean);
  expect((await explain('pair', 5)).err).toContain('there is no event 5');
});

test('correlations are listed', async () => {
  writeFileSync(join(folder, 'r.yaml'), pair);
  const { out } = await picket('rules', 'list', 'r.yaml', '-o', 'json');
  expect(JSON.parse(out).correlations).toMatchInlineSnapshot(`
    [
      {
        "cooldownMs": 10000,
        "description": "d",
        "enabled": true,
        "fields": [
          "evt.type",
          "fd.name",
        ],
        "kind": "sequence",
        "maxKeys": 10000,
        "name": "pair",
        "output": "%evt.num %fd.name first=%correlation.first_time",
        "patterns": [
          {
            "by": [],
            "condition": "evt.type = open and fd.name = /a",
            "name": "one",
          },
          {
            "by": [],
            "condition": "evt.type = open and fd.name = /b",
            "name": "two",
          },
        ],
        "priority": "Notice",
        "sensors": {
          "bpf": {
            "missingFields": [],
            "missingTypes": [],
            "partialFields": [],
            "partialTypes": [],
            "state": "full",
          },
          "bpf+containers": {
            "missingFields": [],
            "missingTypes": [],
            "partialFields": [],
            "partialTypes": [],
            "state": "full",
          },
          "recording": {
            "missingFields": [],
            "missingTypes": [],
            "partialFields": [],
            "partialTypes": [],
            "state": "full",
          },
          "tracefs": {
            "missingFields": [],
            "missingTypes": [
              "open",
            ],
            "partialFields": [],
            "partialTypes": [],
            "state": "none",
          },
          "tracefs+containers": {
            "missingFields": [],
            "missingTypes": [
              "open",
            ],
            "partialFields": [],
            "partialTypes": [],
            "state": "none",
          },
        },
        "source": "syscall",
        "tags": [],
        "types": [
          "open",
        ],
        "withinMs": 10000,
      },
    ]
  `);
});

test('a time in a test that is none is told', async () => {
  writeFileSync(join(folder, 'r.yaml'), pair);
  const events = 'events: [{type: open, params: {fd: 3, name: /a}, after: soon}]';
  writeFileSync(
    join(folder, 'r.rules-test.yaml'),
    `rules: [r.yaml]\ntests:\n- {name: t, ${events}, expect: []}\n`,
  );
  const { code, err } = await picket('rules', 'test', 'r.rules-test.yaml');
  expect(code).toBe(ExitCode.problems);
  expect(err).toContain('is a duration');
});
