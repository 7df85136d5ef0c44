import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoPods, falcoYaml } from './falco-checks.fixture.ts';
import { notASetting } from './not-a-setting.ts';

const limited = 'json_output: true\noutputs:\n  rate: 1\n  max_burst: 1000\npriority: debug\n';

test('a key that went', () => {
  const text = falcoYaml(limited);
  expect(findings(notASetting, text)).toMatchObject([
    {
      at: 'outputs',
      message:
        "`outputs` went with Falco 0.37: nothing limits alerts, and the file does not fit Falco's schema",
    },
  ]);
  const mended = fixed(notASetting, text);
  expect(mended).toBe(falcoYaml('json_output: true\npriority: debug\n'));
  expect(findings(notASetting, mended)).toEqual([]);
});

test('a key that looks like another one', () => {
  const text = falcoYaml('json_ouput: true\nrules_files: []');
  expect(findings(notASetting, text)).toMatchObject([{ at: 'json_ouput', help: 'write `json_output`' }]);
  expect(findings(notASetting, fixed(notASetting, text))).toEqual([]);
});

test.each([
  ['known keys', falcoYaml('json_output: true\nengine: {kind: modern_ebpf}\noutputs_queue: {capacity: 10}')],
  ['a key that looks like none', falcoYaml('json_output: true\nsomething_of_a_later_release: 1')],
  ['a release that still had it', falcoYaml(limited) + falcoPods(undefined, '0.36.2')],
])('nothing to say: %s', (_, text) => expect(findings(notASetting, text)).toEqual([]));
