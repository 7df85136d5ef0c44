import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEvents, scapOf } from '../../event/scap/write-scap.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-rules-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content);
}

const rule = (name: string, condition: string, output = 'opened %fd.name (%evt.num)') =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: ${output}\n  priority: NOTICE\n  tags: [files]\n`;
const capture = scapOf([...openEvents('/etc/passwd'), ...openEvents('/etc/shadow'), ...openEvents('/tmp/x')]);

describe('rules check', () => {
  test('every problem with its place, and how many rules there are', async () => {
    write('rules.yaml', rule('good', 'evt.type = open') + rule('bad', 'evt.type = open and fd.nmae = a'));
    const { code, out, err } = await picket('rules', 'check', 'rules.yaml');
    expect(code).toBe(ExitCode.problems);
    expect(out).toMatchInlineSnapshot(`
      "error[PKT2003]: rule \`bad\`: filter_check called with nonexistent field fd.nmae
       --> rules.yaml:9:34
        |
      9 |   condition: evt.type = open and fd.nmae = a
        |                                  ^^^^^^^
      help: there is \`fd.name\`
      explain: picket explain PKT2003

      1 error in 1 file
      "
    `);
    expect(err).toBe('1 rule in 1 file, 1 enabled\n');
  });

  test('nothing to say', async () => {
    write('rules.yaml', rule('good', 'evt.type = open'));
    expect(await picket('rules', 'check', 'rules.yaml', '-q')).toEqual({
      code: 0,
      out: 'no problems found\n',
      err: '',
    });
  });

  test('as falco -V says it', async () => {
    write('rules.yaml', rule('bad', 'evt.type = opne'));
    const { out } = await picket('rules', 'check', 'rules.yaml', '-o', 'falco');
    expect(JSON.parse(out)).toMatchInlineSnapshot(`
      {
        "falco_load_results": [
          {
            "errors": [
              {
                "code": "LOAD_ERR_COMPILE_CONDITION",
                "codedesc": "Error compiling condition",
                "context": {
                  "locations": [
                    {
                      "item_name": "",
                      "item_type": "rules content",
                      "position": {
                        "column": 0,
                        "line": 0,
                        "name": "rules.yaml",
                        "offset": 0,
                      },
                    },
                    {
                      "item_name": "bad",
                      "item_type": "rule",
                      "position": {
                        "column": 8,
                        "line": 0,
                        "name": "rules.yaml",
                        "offset": 8,
                      },
                    },
                  ],
                  "snippet": "  condition: evt.type = opne
                              ^
      ",
                },
                "message": "unknown event type opne",
              },
            ],
            "name": "rules.yaml",
            "successful": false,
            "warnings": [],
          },
        ],
      }
    `);
  });

  test('a configuration with its rules', async () => {
    write('rules.yaml', rule('good', 'evt.type = open') + rule('quiet', 'evt.type = close'));
    write('falco.yaml', '# mine\nrules_files: [rules.yaml]\nrules: [{disable: {rule: quite}}]\n');
    const { code, out, err } = await picket('rules', 'check', 'falco.yaml');
    expect([code, err]).toEqual([ExitCode.problems, '2 rules in 1 file, 2 enabled\n']);
    expect(out).toMatchInlineSnapshot(`
      "warning[PKT2110]: no rule has the name \`quite\`
       --> falco.yaml:3:19
        |
      3 | rules: [{disable: {rule: quite}}]
        |                   ^^^^^^^^^^^^^
      help: write \`quiet\`
      explain: picket explain PKT2110

      1 warning in 1 file
      "
    `);
    const set = ['--set', 'rules[0].disable.rule=quiet', '-q'];
    expect((await picket('rules', 'check', 'falco.yaml', ...set)).out).toBe('no problems found\n');
    expect((await picket('rules', 'list', 'falco.yaml')).out).toMatch(/^good .*\nquiet /m);
    write('other.yaml', rule('other', 'evt.type = open'));
    expect((await picket('rules', 'list', 'falco.yaml', 'other.yaml')).out).not.toMatch(/good/);
    for (const [args, message] of [
      [['falco.yaml', './falco.yaml'], /both falco.yaml and .\/falco.yaml are configurations/],
      [['rules.yaml', '--set', 'priority=error'], /--set changes a configuration, and none is named/],
    ] as const) {
      const { code, err } = await picket('rules', 'check', ...args);
      expect([code, err]).toEqual([ExitCode.usage, expect.stringMatching(message)]);
    }
  });

  test('warnings may be let pass', async () => {
    write('rules.yaml', `${rule('good', 'evt.type = open')}- macro: unused\n  condition: evt.type = open\n`);
    expect((await picket('rules', 'check', 'rules.yaml')).code).toBe(ExitCode.problems);
    expect((await picket('rules', 'check', 'rules.yaml', '--severity', 'error')).code).toBe(ExitCode.clean);
  });

  test.each([
    [['rules', 'check'], /no rules file named/],
    [['rules', 'check', 'none.yaml'], /no such file or folder/],
    [['rules', 'explain', 'x'], /no rules named/],
    [['replay', 'x.scap'], /no such file: x\.scap/],
  ])('%j', async (args, message) => {
    const { code, err } = await picket(...args);
    expect([code, err]).toEqual([ExitCode.usage, expect.stringMatching(message)]);
  });
});

test('rules list', async () => {
  write(
    'rules.yaml',
    rule('one', 'evt.type in (open, openat) and fd.name = x') +
      rule('two', 'proc.name = a').replace('files', 'other'),
  );
  const { out } = await picket('rules', 'list', 'rules.yaml');
  expect(out).toBe(
    'rule  source   priority  bpf   tracefs  events\none   syscall  Notice    full  never    open openat\ntwo   syscall  Notice    part  part     all\n',
  );
  const json = JSON.parse((await picket('rules', 'list', 'rules.yaml', '--tag', 'files', '-o', 'json')).out);
  expect(json.rules).toMatchObject([
    {
      name: 'one',
      fields: ['evt.type', 'fd.name'],
      condition: 'evt.type in (open, openat) and fd.name = x',
      sensors: { bpf: { state: 'full' }, tracefs: { state: 'none', missingTypes: ['open', 'openat'] } },
    },
  ]);
  expect((await picket('rules', 'list', 'rules.yaml', '--fields')).out).toBe(
    'field      source   rules  bpf   tracefs\nevt.type   syscall  1      full  none\nfd.name    syscall  1      full  none\nproc.name  syscall  1      full  full\n',
  );
});

test('a folder without rules files, and a tag that no rule has, are told', async () => {
  write('notes.txt', 'nothing');
  expect(await picket('rules', 'check', '.')).toMatchObject({
    code: ExitCode.usage,
    err: 'error: there is no rules file in .\n  help: of folders files are read that end in .yaml or .yml\n',
  });
  write('rules.yaml', rule('a', 'evt.type = open'));
  expect(await picket('rules', 'list', 'rules.yaml', '--tag', 'file')).toMatchObject({
    code: ExitCode.usage,
    out: '',
    err: 'error: no rule has the tag file\n  help: did you mean files?\n',
  });
  expect((await picket('rules', 'list', 'rules.yaml', '--tag', 'network')).err).toContain(
    'help: there are files\n',
  );
});

test('a file that is no text does not look like success', async () => {
  write('rules.yaml', new Uint8Array([0x7f, 0x45, 0, 0]));
  expect(await picket('rules', 'check', '-q', 'rules.yaml')).toMatchObject({
    code: ExitCode.problems,
    err: 'not read: rules.yaml: it is no text\n',
  });
  write('trace.scap', capture);
  expect((await picket('replay', 'trace.scap', '-r', 'rules.yaml')).err).toContain('not read: rules.yaml');
});

test('a recording that is not there, is a folder or empty', async () => {
  write('rules.yaml', rule('a', 'evt.type = open'));
  write('empty.scap', '');
  const replayed = async (path: string) => {
    const { code, err } = await picket('replay', path, '-r', 'rules.yaml');
    return [code, err.split('\n')[0]];
  };
  expect(await replayed('absent.scap')).toEqual([ExitCode.usage, 'error: no such file: absent.scap']);
  expect(await replayed('.')).toEqual([ExitCode.usage, 'error: . is a folder']);
  expect(await replayed('empty.scap')).toEqual([
    ExitCode.failed,
    'error: empty.scap is empty: there is nothing to replay',
  ]);
});

describe('replay', () => {
  beforeEach(() => {
    write(
      'rules.yaml',
      rule('shadow', 'evt.type = open and fd.name = /etc/shadow') +
        rule('etc', 'evt.type = open and fd.directory = /etc'),
    );
    write('trace.scap', gzipSync(capture));
  });

  test('the first rule that holds', async () => {
    const { code, out, err } = await picket('replay', 'trace.scap', '--rules', 'rules.yaml');
    expect(code).toBe(ExitCode.problems);
    expect(out).toBe(
      '00:00:01.000000000: Notice opened /etc/passwd (2)\n00:00:01.000000000: Notice opened /etc/shadow (4)\n',
    );
    expect(err).toBe('2 alerts of 2 rules over 3 events\n');
  });

  test('all rules, as JSON', async () => {
    const { out } = await picket(
      'replay',
      'trace.scap',
      '-r',
      'rules.yaml',
      '--matching',
      'all',
      '-o',
      'json',
    );
    const alerts = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(alerts.map((alert) => alert.rule)).toEqual(['etc', 'shadow', 'etc']);
    expect(alerts[1]).toEqual({
      hostname: '',
      output: '00:00:01.000000000: Notice opened /etc/shadow (4)',
      output_fields: { 'evt.num': 4, 'evt.time': 1_000_000_000, 'fd.name': '/etc/shadow' },
      priority: 'Notice',
      rule: 'shadow',
      source: 'syscall',
      tags: ['files'],
      time: '1970-01-01T00:00:01.000000000Z',
    });
  });

  test('no capture', async () => {
    write('text.scap', 'hello');
    const { code, err } = await picket('replay', 'text.scap', '-r', 'rules.yaml');
    expect([code, err]).toEqual([ExitCode.failed, expect.stringContaining('not a capture')]);
  });

  test('less than a priority', async () => {
    const { code, err } = await picket('replay', 'trace.scap', '-r', 'rules.yaml', '--priority', 'error');
    expect([code, err]).toEqual([ExitCode.clean, '0 alerts of 0 rules over 3 events\n']);
  });
});

describe('rules explain', () => {
  beforeEach(() => {
    write(
      'rules.yaml',
      rule(
        'etc',
        'evt.type = open and (fd.directory = /etc or fd.name startswith /usr) and not proc.name = cat',
      ),
    );
    write('trace.scap', capture);
  });

  test('which parts decide that it does not fire', async () => {
    const { code, out } = await picket(
      'rules',
      'explain',
      'etc',
      '-r',
      'rules.yaml',
      '--on',
      'trace.scap',
      '--event',
      '6',
    );
    expect(code).toBe(ExitCode.problems);
    expect(out).toMatchInlineSnapshot(`
      "event 6: open by <NA> (7)
      ✗ all of
        ✗ one of
          ✗ fd.directory = /etc   fd.directory is /tmp
          ✗ fd.name startswith /usr   fd.name is /tmp/x
      the rule does not fire
      "
    `);
  });

  test('which parts decide that it fires', async () => {
    const { code, out } = await picket(
      'rules',
      'explain',
      'etc',
      '-r',
      'rules.yaml',
      '--on',
      'trace.scap',
      '--event',
      '2',
    );
    expect(code).toBe(ExitCode.clean);
    expect(out).toMatchInlineSnapshot(`
      "event 2: open by <NA> (7)
      ✓ all of
        ✓ evt.type = open   evt.type is open
        ✓ one of
          ✓ fd.directory = /etc   fd.directory is /etc
        ✓ not
          ✗ proc.name = cat   the event has no such value
      the rule fires
      "
    `);
  });

  test.each([
    [['etx'], /did you mean etc\?/],
    [['etc', '--event', '1'], /there is no event 1 in trace\.scap/],
    [['etc', '--event', 'x'], /must be a whole number/],
  ])('%j', async (args, message) => {
    const { code, err } = await picket(
      'rules',
      'explain',
      '-r',
      'rules.yaml',
      '--on',
      'trace.scap',
      ...(args.includes('--event') ? [] : ['--event', '2']),
      ...args,
    );
    expect([code, err]).toEqual([ExitCode.usage, expect.stringMatching(message)]);
  });
});

test('rules diff', async () => {
  write(
    'old.yaml',
    rule('etc', 'evt.type = open and fd.directory = /etc') +
      rule('gone', 'evt.type = open and fd.name = /tmp/x'),
  );
  write(
    'new.yaml',
    rule('etc', 'evt.type = open and fd.name = /etc/shadow') + rule('fresh', 'evt.type = open'),
  );
  write('trace.scap', capture);
  const { code, out, err } = await picket('rules', 'diff', 'old.yaml', 'new.yaml', '--on', 'trace.scap');
  expect(code).toBe(ExitCode.problems);
  expect(out).toMatchInlineSnapshot(`
    "+ fresh: 3 alerts
        trace.scap event 2: opened /etc/passwd (2)
    - etc: 1 alert
        trace.scap event 2: opened /etc/passwd (2)
    - gone: 1 alert
        trace.scap event 6: opened /tmp/x (6)
    "
  `);
  expect(err).toBe('1 alert as before over 3 events\n');
  const same = await picket('rules', 'diff', 'old.yaml', 'old.yaml', '--on', 'trace.scap');
  expect(same).toMatchObject({ code: ExitCode.clean, out: 'no difference\n' });
});

describe('rules test', () => {
  const shadow = rule('shadow', 'evt.type in (open, openat) and fd.name = /etc/shadow and proc.pname = bash');
  const file = (tests: string) => `rules: [rules.yaml]\ntests:\n${tests}`;
  const read =
    '{type: open, params: {fd: 3, name: /etc/shadow, flags: O_RDONLY}, process: {name: cat, ancestors: [{name: bash}]}}';

  beforeEach(() =>
    write(
      'rules.yaml',
      shadow +
        rule(
          'any',
          'evt.type = execve and container.image.repository endswith nginx',
          'run in %container.name',
        ),
    ),
  );

  test.each([
    [
      'fires',
      `- {name: t, events: [${read}], expect: [{rule: shadow, count: 1, output: /etc/shadow, fields: {fd.name: /etc/shadow, evt.num: 1}}]}`,
    ],
    ['another parent', `- {name: t, events: [${read.replace('bash', 'zsh')}], expect: []}`],
    [
      'what the call before opened is there',
      `- {name: t, events: [{type: open, params: {fd: 9, name: /etc, flags: O_DIRECTORY}, process: {ancestors: [{name: bash}]}}, {type: openat, params: {fd: 3, dirfd: 9, name: shadow, flags: 1}, process: {ancestors: [{name: bash}]}}], expect: [{rule: shadow}]}`,
    ],
    [
      'a container',
      '- {name: t, containers: {abc: {image: "x.io/nginx:1", name: web}}, events: [{type: execve, params: {res: 0, comm: sh}, process: {container: abc}}], expect: [{rule: any, output: run in web}]}',
    ],
    ['a capture', '- {name: t, capture: trace.scap, expect: []}'],
  ])('passes: %s', async (_, tests) => {
    write('a.rules-test.yaml', file(tests));
    write('trace.scap', capture);
    expect(await picket('rules', 'test', 'a.rules-test.yaml')).toEqual({
      code: 0,
      out: '✓ t\n1 passed, 0 failed\n',
      err: '',
    });
  });

  test('what is not as expected is told', async () => {
    write(
      'a.rules-test.yaml',
      file(
        [
          '- {name: silent, events: [{type: open, params: {fd: 3, name: /x}}], expect: [{rule: shadow}]}',
          `- {name: loud, events: [${read}], expect: []}`,
          `- {name: wrong, events: [${read}], expect: [{rule: shadow, count: 2}, {rule: nowhere}]}`,
          `- {name: other, events: [${read}], expect: [{rule: shadow, output: nothing, fields: {fd.name: /y}}]}`,
        ].join('\n'),
      ),
    );
    const { code, out } = await picket('rules', 'test', 'a.rules-test.yaml');
    expect(code).toBe(ExitCode.problems);
    expect(out).toMatchInlineSnapshot(`
      "✗ silent
          shadow did not fire
      ✗ loud
          shadow fired once and is not expected: \`opened /etc/shadow (1)\` (event 1)
      ✗ wrong
          shadow fired once, not 2 times
          there is no rule nowhere in these files
      ✗ other
          no output of shadow holds \`nothing\`: it is \`opened /etc/shadow (1)\`
          fd.name of shadow is "/etc/shadow", not "/y"
      0 passed, 4 failed
      "
    `);
    const { out: xml } = await picket('rules', 'test', '.', '-o', 'junit');
    expect(xml).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="picket rules test" tests="4" failures="4">
        <testsuite name="a.rules-test.yaml" tests="4" failures="4" errors="0">
          <testcase name="silent" classname="a.rules-test.yaml">
            <failure message="shadow did not fire">shadow did not fire</failure>
          </testcase>
          <testcase name="loud" classname="a.rules-test.yaml">
            <failure message="shadow fired once and is not expected: \`opened /etc/shadow (1)\` (event 1)">shadow fired once and is not expected: \`opened /etc/shadow (1)\` (event 1)</failure>
          </testcase>
          <testcase name="wrong" classname="a.rules-test.yaml">
            <failure message="shadow fired once, not 2 times">shadow fired once, not 2 times&#10;there is no rule nowhere in these files</failure>
          </testcase>
          <testcase name="other" classname="a.rules-test.yaml">
            <failure message="no output of shadow holds \`nothing\`: it is \`opened /etc/shadow (1)\`">no output of shadow holds \`nothing\`: it is \`opened /etc/shadow (1)\`&#10;fd.name of shadow is &quot;/etc/shadow&quot;, not &quot;/y&quot;</failure>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `);
    const json = JSON.parse((await picket('rules', 'test', '.', '-o', 'json')).out);
    expect(json).toMatchObject({ passed: 0, failed: 4 });
  });

  test.each([
    ['- {name: t, events: [{type: opne}], expect: []}', /there is no event of type opne/],
    [
      '- {name: t, events: [{type: open, params: {nmae: x}}], expect: []}',
      /open has no parameter nmae; it has fd, name/,
    ],
    ['- {name: t, events: [{type: open, params: {flags: O_NONE}}], expect: []}', /"O_NONE" is no open flags/],
    ['- {name: t, expect: []}', /has either events or a capture/],
    ['- {name: t, events: [], expect: [], more: 1}', /[Uu]nrecognized key/],
  ])('%s', async (tests, message) => {
    write('a.rules-test.yaml', file(tests));
    const { code, err } = await picket('rules', 'test', 'a.rules-test.yaml');
    expect([code, err]).toEqual([ExitCode.problems, expect.stringMatching(message)]);
    expect(err).toContain('a.rules-test.yaml:');
  });
});
