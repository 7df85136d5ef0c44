import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoPods, falcoYaml, shippedList } from './falco-checks.fixture.ts';
import { noOutput } from './no-output.ts';

test('no output', () => {
  const text = falcoYaml('json_output: true\npriority: debug', { 'b.txt': 'x' });
  expect(findings(noOutput, text)).toMatchObject([
    {
      at: 'falco.yaml',
      help: 'add `stdout_output: {enabled: true}`, or `http_output: {enabled: true, url: …}`',
    },
  ]);
  const mended = fixed(noOutput, text);
  expect(mended).toContain('    priority: debug\n    stdout_output:\n      enabled: true\n  b.txt');
  expect(findings(noOutput, mended)).toEqual([]);
});

test('an output that is off', () => {
  expect(findings(noOutput, falcoYaml('json_output: true\nhttp_output:\n  url: http://a'))).toMatchObject([
    { at: 'http_output', help: 'write `enabled: true` below `http_output`' },
  ]);
});

test('another file may turn one on', () => {
  const text = falcoYaml(`config_files: [/etc/falco/config.d]\n${shippedList}`);
  expect(findings(noOutput, text)[0]?.message).toContain('unless a file of `config_files`');
});

test.each([
  ['one is on', falcoYaml('json_output: true\nhttp_output: {enabled: true, url: http://a}')],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Falco
  ['a variable decides', falcoYaml('stdout_output: {enabled: "${STDOUT}"}')],
  [
    'an option turns it on',
    falcoYaml('json_output: true') + falcoPods(undefined, undefined, '-o, stdout_output.enabled=true'),
  ],
  ['the file is a part', falcoYaml('config_files: [/etc/falco/config.d]\npriority: debug')],
  ['the file cannot be read', falcoYaml('json_output: [')],
])('nothing to say: %s', (_, text) => expect(findings(noOutput, text)).toEqual([]));
