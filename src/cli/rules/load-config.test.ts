// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how falco.yaml names variables.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { falcoYaml } from '../../rules/settings/schema.ts';
import { UsageError } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { type ConfigOptions, readFalcoConfig } from './load-config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

const rule = (name: string, { priority = 'NOTICE', condition = 'evt.type = open', tags = 'files' } = {}) =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: opened\n  priority: ${priority}\n  tags: [${tags}]\n`;

async function read(path = 'etc/falco.yaml', options?: ConfigOptions, env: Record<string, string> = {}) {
  const config = await readFalcoConfig(path, { ...testIo(env), cwd: folder }, options);
  const told = config.diagnostics.map(({ code, span, message }) => {
    const quoted = span && config.sources.get(span.file)?.slice(span.start.offset, span.end.offset);
    return `${code} ${span ? `${span.file}:${span.start.line}` : '-'} ${message} [${quoted?.split('\n')[0] ?? ''}]`;
  });
  return { ...config, told, enabled: config.rules.filter((one) => one.enabled).map(({ name }) => name) };
}

test('files beside the configuration, folders one level deep and sorted, in the order of rules_files', async () => {
  write('etc/falco.yaml', `rules_files: [rules.d, falco_rules.yaml, ${folder}/elsewhere/last.yml]\n`);
  write('etc/rules.d/b.yaml', rule('b'));
  write('etc/rules.d/a.yml', rule('a'));
  write('etc/rules.d/notes.txt', rule('notes'));
  write('etc/rules.d/deeper/c.yaml', rule('c'));
  write('etc/falco_rules.yaml', rule('stable'));
  write('elsewhere/last.yml', rule('last'));
  // As a ConfigMap is mounted.
  write('etc/rules.d/..data/linked.yaml', rule('linked'));
  symlinkSync('..data/linked.yaml', join(folder, 'etc/rules.d/linked.yaml'));
  const { names, rules, told } = await read();
  expect(told).toEqual([]);
  expect(names).toEqual([
    'etc/rules.d/a.yml',
    'etc/rules.d/b.yaml',
    'etc/rules.d/linked.yaml',
    'etc/falco_rules.yaml',
    `${folder}/elsewhere/last.yml`,
  ]);
  expect(rules.map(({ name }) => name)).toEqual(['a', 'b', 'linked', 'stable', 'last']);
});

test('rules are switched, left out, appended to, and may ask for static fields', async () => {
  write(
    'etc/falco.yaml',
    `
rules_files: [rules.yaml]
rules: [{disable: {tag: noisy}}, {enable: {rule: "quiet*"}}]
priority: notice
static_fields: {site: "\${SITE}"}
append_output: [{match: {tags: [files]}, extra_output: "at %static.site", extra_fields: [static.site]}]
`,
  );
  write(
    'etc/rules.yaml',
    rule('here', { condition: 'evt.type = open and static.site = north' }) +
      rule('noisy', { tags: 'noisy' }) +
      rule('quiet one', { tags: 'noisy' }) +
      rule('chatter', { priority: 'DEBUG' }),
  );
  const { rules, enabled, told, settings } = await read(undefined, {}, { SITE: 'north' });
  expect(told).toEqual([]);
  expect(enabled).toEqual(['here', 'quiet one']);
  expect(rules.map(({ name }) => name)).toEqual(['here', 'noisy', 'quiet one']);
  expect(rules[0]).toMatchObject({
    output: 'opened at %static.site',
    extraFields: [{ name: 'static.site', format: '%static.site' }],
  });
  expect(settings.staticFields).toEqual(new Map([['site', 'north']]));
});

test('included files, then overrides', async () => {
  write('etc/falco.yaml', 'config_files: [config.d]\nrules_files: [rules.yaml]\njson_output: false\n');
  write('etc/config.d/10.yaml', 'json_output: true\npriority: error\n');
  write('etc/config.d/20.yaml', 'priority: info\njson_ouput: 1\n');
  write('etc/rules.yaml', rule('r'));
  const { settings, told } = await read(undefined, { overrides: ['http_output.enabled=true', 'bad'] });
  expect(settings).toMatchObject({ priority: 'Informational', alerts: { json: true } });
  expect(told).toEqual([
    'PKT2108 - `-o bad` names no place and value []',
    'PKT2101 etc/config.d/20.yaml:2 there is no setting `json_ouput` [json_ouput]',
    'PKT2109 - `http_output` is enabled and has no `url` of http or https []',
  ]);
});

test('problems of the configuration before those of rules, each in its own file', async () => {
  write(
    'etc/falco.yaml',
    'rules_files:\n- none.yaml\n- rules.yaml\nrules: [{disable: {rule: gone}}]\nstdout_output: {enable: true}\n',
  );
  write('etc/rules.yaml', rule('bad', { condition: 'evt.type = opne' }) + rule('good'));
  const { told, enabled } = await read();
  expect(enabled).toEqual(['good']);
  expect(told).toEqual([
    'PKT2101 etc/falco.yaml:5 there is no setting `stdout_output.enable` [enable]',
    'PKT2111 etc/falco.yaml:2 there is no rules file `none.yaml` [none.yaml]',
    'PKT2110 etc/falco.yaml:4 no rule has the name `gone` [{rule: gone}]',
    expect.stringMatching(/^PKT20\d\d etc\/rules.yaml:3 .*opne/),
  ]);
});

test.each([
  ['', 'PKT2112 - the configuration loads no rules []'],
  ['rules_files: [empty.d]', 'PKT2112 etc/falco.yaml:1 the configuration loads no rules [empty.d]'],
])('no rules: %j', async (text, expected) => {
  mkdirSync(join(folder, 'etc/empty.d'), { recursive: true });
  write('etc/falco.yaml', text);
  expect((await read()).told).toEqual([expected]);
});

test('other rules in place of rules_files', async () => {
  write('etc/falco.yaml', 'rules_files: [none.yaml]\nrules: [{disable: {rule: b}}]\n');
  write('mine/rules.yaml', rule('a') + rule('b'));
  const { told, names, enabled } = await read(undefined, { rules: ['mine'] });
  expect([told, names, enabled]).toEqual([[], ['mine/rules.yaml'], ['a']]);
});

test('what cannot be read', async () => {
  await expect(read('none.yaml')).rejects.toThrow(new UsageError('no such file: none.yaml'));
  await expect(read('.')).rejects.toThrow(new UsageError('. cannot be read: not a file'));
  write('etc/falco.yaml', 'rules_files: [dangling.yaml, rules.yaml]\n');
  write('etc/rules.yaml', rule('r'));
  symlinkSync('dangling.yaml', join(folder, 'etc/dangling.yaml'));
  const { told, unreadable, enabled } = await read();
  expect([told, enabled]).toEqual([[], ['r']]);
  expect(unreadable).toEqual([{ name: 'etc/dangling.yaml', reason: expect.stringMatching('ELOOP') }]);
});

test('the guide names every setting', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guide/outputs.md'), 'utf8');
  const keys = falcoYaml.kind === 'map' ? [...falcoYaml.keys.keys()] : [];
  expect(keys.length).toBeGreaterThan(30);
  expect(keys.filter((key) => !guide.includes(`\`${key}\``))).toEqual([]);
});
