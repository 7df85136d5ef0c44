// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how falco.yaml names variables.
import { describe, expect, test } from 'vitest';
import { fileText } from '../../manifest/embedded.ts';
import { falcoConfigKeys, removedFalcoConfigKeys } from '../../product/falco.ts';
import { readSettings } from './read-settings.ts';
import { falcoYaml, removedKeys } from './schema.ts';

function read(
  text: string,
  {
    files = {},
    env = {},
    overrides = [],
  }: { files?: Record<string, string>; env?: Record<string, string>; overrides?: string[] } = {},
) {
  const { settings, diagnostics } = readSettings(fileText('falco.yaml', text), {
    variable: (name) => env[name],
    include: (path) => (files[path] === undefined ? undefined : [fileText(path, files[path])]),
    overrides,
  });
  const told = diagnostics.map(({ code, span, message }) => {
    const place = span ? `${span.file}:${span.start.line}:${span.start.column}` : '-';
    return `${code} ${place} ${message}`;
  });
  return { settings, diagnostics, told };
}

test('an empty file is the defaults of the code, not of the shipped file', () => {
  const { settings, told } = read('');
  expect(told).toEqual([]);
  expect(settings).toMatchObject({
    rulesFiles: [],
    priority: 'Debug',
    matching: 'first',
    alerts: {
      json: false,
      jsonIncludeOutput: true,
      jsonIncludeMessage: false,
      jsonIncludeTags: true,
      isoTime: false,
    },
    outputs: { stdout: false },
    engine: { kind: 'modern_ebpf' },
    webserver: { enabled: false, port: 8765, healthPath: '/healthz' },
    metrics: { enabled: false, interval: '1h' },
  });
  expect(Object.keys(settings.outputs)).toEqual(['stdout']);
});

test('everything that Picket honours', () => {
  const { settings, told } = read(`
rules_files: [/etc/falco/falco_rules.yaml, /etc/falco/rules.d]
rules:
- disable: {rule: "*"}
- enable: {tag: network}
priority: WARNING
rule_matching: all
json_output: true
json_include_output_property: false
time_format_iso_8601: yes
buffer_format_base64: true
append_output:
- match: {source: syscall, tags: [a, b]}
  extra_output: "on %evt.hostname"
  extra_fields: [proc.pid, {who: "%user.name!"}]
static_fields: {site: north}
stdout_output: {enabled: true}
file_output: {enabled: true, keep_alive: true, filename: /var/log/alerts}
program_output: {enabled: true, program: "jq . | mail -s alert root"}
syslog_output: {enabled: true, url: "tcp://[fe80::1]:6514"}
http_output:
  enabled: true
  url: https://collector:8443/x
  user_agent: edge
  headers: {X-Site: north, "bad name": x}
  mtls: true
  client_cert: c.pem
  client_key: k.pem
  compress_uploads: true
engine: {kind: replay, replay: {capture_file: a.scap}}
base_syscalls: {custom_set: [open, "!close"], repair: true}
syscall_event_drops: {threshold: 0.5, actions: [exit]}
webserver: {enabled: true, listen_port: 9000, ssl_enabled: true, ssl_certificate: both.pem}
metrics: {enabled: true, interval: 15m}
`);
  expect(told).toEqual([
    'PKT2109 falco.yaml:25:40 `http_output.headers.bad name` cannot be a header of HTTP',
  ]);
  const { place: _, ...append } = settings.appendOutput[0] ?? ({} as never);
  expect(append).toEqual({
    match: { source: 'syscall', tags: ['a', 'b'] },
    extraOutput: 'on %evt.hostname',
    extraFields: [{ name: 'proc.pid' }, { name: 'who', format: '%user.name!' }],
  });
  expect(settings).toMatchObject({
    rulesFiles: [{ path: '/etc/falco/falco_rules.yaml' }, { path: '/etc/falco/rules.d' }],
    selections: [
      { action: 'disable', rule: '*' },
      { action: 'enable', tag: 'network' },
    ],
    priority: 'Warning',
    matching: 'all',
    alerts: { json: true, jsonIncludeOutput: false, isoTime: true },
    bufferBase64: true,
    staticFields: new Map([['site', 'north']]),
    outputs: {
      stdout: true,
      file: { filename: '/var/log/alerts', keepAlive: true },
      program: { program: 'jq . | mail -s alert root', keepAlive: false },
      http: {
        url: 'https://collector:8443/x',
        userAgent: 'edge',
        headers: new Map([['X-Site', 'north']]),
        client: { cert: 'c.pem', key: 'k.pem' },
        compressUploads: true,
        keepAlive: false,
      },
    },
    engine: { kind: 'replay', captureFile: 'a.scap' },
    baseSyscalls: { customSet: ['open', '!close'], repair: true, all: false },
    drops: { threshold: 0.5, actions: ['exit'] },
    webserver: { enabled: true, port: 9000, certificate: 'both.pem' },
    metrics: { enabled: true, interval: '15m', outputRule: true },
  });
});

test.each([
  ['a: [', /^PKT2100 falco.yaml:1/],
  ['- a', /^PKT2100 .* a configuration is a mapping of settings$/],
  ['json_ouput: true', /^PKT2101 falco.yaml:1:1 there is no setting `json_ouput`$/],
  [
    'http_output: {enabled: false, urll: x}',
    /^PKT2101 falco.yaml:1:31 there is no setting `http_output.urll`$/,
  ],
  ['grpc_output: {enabled: true}', /^PKT2102 falco.yaml:1:1 `grpc_output` went with Falco 0.44$/],
  ['engine: {kind: gvisor}', /^PKT2102 falco.yaml:1:16 the engine `gvisor` went with Falco 0.44/],
  ['json_output: maybe', /^PKT2103 falco.yaml:1:14 `json_output` is not true or false$/],
  ['priority: high', /^PKT2103 falco.yaml:1:11 `priority` is none of its words$/],
  ['rules_files: {a: b}', /^PKT2103 falco.yaml:1:14 `rules_files` is not a list$/],
  ['webserver: {listen_port: 1.5}', /^PKT2103 .* is not a whole number$/],
  ['rules: [{disable: {}}]', /^PKT2103 falco.yaml:1:19 `rules\[0\].disable` names neither/],
  ['engine: {kind: replay}', /^PKT2103 .* needs `replay.capture_file`$/],
  ['rules_files: [a]\nrules_file: [b]', /^PKT2104 falco.yaml:2:1 /],
  ['outputs_queue: {capacity: 5}', /^PKT2105 falco.yaml:1:1 .* alerts wait on disk/],
  ['config_files: [none.yaml]', /^PKT2107 falco.yaml:1:16 there is no `none.yaml`$/],
  ['config_files: [{path: a.yaml, strategy: merge}]', /^PKT2107 falco.yaml:1:41 /],
  ['http_output: {enabled: true}', /^PKT2109 falco.yaml:1:1 `http_output` is enabled and has no `url`/],
  ['http_output: {enabled: true, url: "ftp://a"}', /^PKT2109 /],
  ['file_output: {enabled: true}', /^PKT2109 .* `filename`$/],
  ['http_output: {enabled: true, url: "http://a", mtls: true}', /^PKT2109 falco.yaml:1:53 `mtls` needs/],
])('%s', (text, wanted) => {
  const { told } = read(text);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(wanted);
});

test('what is faulty or accepted and unused leaves the default; usual values are not worth a word', () => {
  expect(read('json_output: maybe\nwebserver: {listen_port: x}').settings).toMatchObject({
    alerts: { json: false },
    webserver: { port: 8765 },
  });
  const usual =
    'buffered_outputs: false\noutput_timeout: 2000\nplugins: []\nload_plugins: []\nengine: {kmod: {buf_size_preset: 4}}';
  expect(read(usual).told).toEqual([]);
});

test('the removed limit counts, and is told', () => {
  const { settings, told } = read('outputs: {rate: 1}');
  expect(settings.outputs.throttle).toEqual({ rate: 1, maxBurst: 1000 });
  expect(told).toEqual([
    expect.stringMatching(/^PKT2102 falco.yaml:1:1 `outputs` went with Falco 0.37; Picket honours it/),
  ]);
});

test('the old spelling of rules_files alone is read, a single text too', () => {
  const files = (text: string) => read(text).settings.rulesFiles.map(({ path }) => path);
  expect(files('rules_file: a.yaml')).toEqual(['a.yaml']);
  expect(files('rules_file: [a.yaml, b.yaml]')).toEqual(['a.yaml', 'b.yaml']);
});

describe('included files', () => {
  const base =
    'config_files: [STRATEGY]\nrules_files: [a]\npriority: error\nmetrics: {enabled: true, interval: 1m}';
  const extra = 'rules_files: [b]\npriority: info\nmetrics: {interval: 2m}\njson_output: true';
  const joined = (strategy: string) =>
    read(base.replace('STRATEGY', strategy), { files: { 'x.yaml': extra } }).settings;

  test.each([
    ['x.yaml', ['a', 'b'], 'Informational', false],
    ['{path: x.yaml, strategy: append}', ['a', 'b'], 'Informational', false],
    ['{path: x.yaml, strategy: override}', ['b'], 'Informational', false],
    ['{path: x.yaml, strategy: add-only}', ['a'], 'Error', true],
  ])('%s', (strategy, rulesFiles, priority, enabled) => {
    const { alerts, metrics, ...rest } = joined(strategy);
    expect(rest).toMatchObject({ rulesFiles: rulesFiles.map((path) => ({ path })), priority });
    expect(alerts.json).toBe(true);
    expect(metrics.enabled).toBe(enabled);
  });

  test('are told in their own file, and include nothing further', () => {
    const { told } = read('config_files: [x.yaml]', {
      files: { 'x.yaml': 'config_files: [y.yaml]\njson_ouput: 1', 'y.yaml': 'json_output: true' },
    });
    expect(told).toEqual([
      'PKT2107 x.yaml:1:1 `config_files` of an included file is not followed',
      'PKT2101 x.yaml:2:1 there is no setting `json_ouput`',
    ]);
  });
});

describe('overrides', () => {
  test('name keys, indices and ends of lists, over included files', () => {
    const { settings, told } = read('rules_files: [a, b]', {
      overrides: [
        'json_output=true',
        'rules_files[0]=c',
        'rules_files[]=d',
        'http_output.url=http://x=y',
        'http_output.enabled=true',
        'static_fields.a\\.b=1',
      ],
    });
    expect(told).toEqual([]);
    expect(settings).toMatchObject({
      rulesFiles: [{ path: 'c' }, { path: 'b' }, { path: 'd' }],
      alerts: { json: true },
      outputs: { http: { url: 'http://x=y' } },
      staticFields: new Map([['a.b', '1']]),
    });
  });

  test.each(['json_output', '=true', 'a..b=1', 'a[x]=1', 'a[0', '[0]=1', 'a.=1', 'a[99999]=1', 'a[0]b=1'])(
    '%s is none',
    (option) => {
      expect(read('', { overrides: [option] }).told).toEqual([expect.stringMatching(/^PKT2108 - /)]);
    },
  );

  test('a mistyped one is told without a place', () => {
    expect(read('', { overrides: ['json_outputt=true'] }).told).toEqual([
      'PKT2101 - there is no setting `json_outputt`',
    ]);
  });
});

test('variables: also for truth values; doubled dollars are letters; missing ones are told', () => {
  const { settings, told } = read(
    'json_output: ${JSON}\nhttp_output: {enabled: true, url: "http://${HOST}:80/${HOST}"}\nstatic_fields: {a: "$${HOST}", b: "${NONE}x"}',
    { env: { JSON: 'true', HOST: '${JSON}' } },
  );
  expect(settings.alerts.json).toBe(true);
  expect(settings.staticFields).toEqual(
    new Map([
      ['a', '${HOST}'],
      ['b', 'x'],
    ]),
  );
  expect(told).toContain('PKT2106 falco.yaml:3:35 the environment has no variable `NONE`');
});

test('keys are those that the checks of manifests know', () => {
  const keys = falcoYaml.kind === 'map' ? [...falcoYaml.keys.keys()] : [];
  expect(keys.filter((key) => key !== 'outputs').sort()).toEqual([...falcoConfigKeys.keys()].sort());
  for (const [key, { release }] of removedFalcoConfigKeys)
    if (key !== 'outputs') expect([key, removedKeys.get(key)?.release]).toEqual([key, release]);
});
