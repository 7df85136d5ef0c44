import { priorities } from '../rule-set.ts';

/** What a setting takes. */
export type Shape =
  | { readonly kind: 'boolean' | 'integer' | 'number' | 'text' | 'anything' }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly keys: ReadonlyMap<string, SettingKey> }
  /** Names of the user's choice. */
  | { readonly kind: 'names'; readonly value: Shape };

export interface SettingKey {
  readonly shape: Shape;
  /** Why Picket does nothing with it; absent when it is honoured. */
  readonly unused?: string;
  /** A value of an unused one that says nothing. */
  readonly usual?: string;
}

const boolean: Shape = { kind: 'boolean' };
const integer: Shape = { kind: 'integer' };
const number: Shape = { kind: 'number' };
const text: Shape = { kind: 'text' };
const anything: Shape = { kind: 'anything' };
const texts: Shape = { kind: 'list', item: text };
const word = (...words: string[]): Shape => ({ kind: 'word', words });
const list = (item: Shape): Shape => ({ kind: 'list', item });
const map = (keys: Readonly<Record<string, Shape | SettingKey>>): Shape => ({
  kind: 'map',
  keys: new Map(
    Object.entries(keys).map(([name, value]): [string, SettingKey] => [
      name,
      'shape' in value ? value : { shape: value },
    ]),
  ),
});
const unused = (shape: Shape, why: string, usual?: string): SettingKey => ({
  shape,
  unused: why,
  ...(usual !== undefined && { usual }),
});

const buffers = 'Picket sizes its buffers by itself';
const logs = 'Picket tells of itself on standard error';
const counters = 'Picket has all its counters at /metrics';
const switched = { enabled: boolean };
const selection = map({ rule: text, tag: text });
const driver = map({
  buf_size_preset: unused(integer, buffers, '4'),
  cpus_for_each_buffer: unused(integer, buffers, '2'),
  drop_failed_exit: unused(boolean, 'rules decide on failed calls by evt.res', 'false'),
});

/** Falco's configuration, by the keys of releases up to 0.44, with what Picket adds. */
export const falcoYaml: Shape = map({
  append_output: list(
    map({
      match: map({ rule: text, source: text, tags: texts }),
      extra_output: text,
      extra_fields: list(anything),
      suggested_output: unused(boolean, 'plugins that suggest outputs are built in, and suggest none'),
    }),
  ),
  base_syscalls: map({ custom_set: texts, repair: boolean, all: boolean }),
  buffer_format_base64: boolean,
  buffered_outputs: unused(boolean, 'every alert goes out at once', 'false'),
  capture: unused(anything, 'captures are asked for on the command line'),
  config_files: list(anything),
  engine: map({
    kind: word('modern_ebpf', 'kmod', 'replay', 'nodriver', 'ebpf', 'gvisor'),
    kmod: driver,
    modern_ebpf: driver,
    replay: map({ capture_file: text }),
    ebpf: anything,
    gvisor: anything,
  }),
  falco_libs: unused(anything, 'tables have a fixed size, and count what they drop'),
  file_output: map({ ...switched, keep_alive: boolean, filename: text }),
  http_output: map({
    ...switched,
    url: text,
    user_agent: text,
    headers: { shape: { kind: 'names', value: text } },
    insecure: boolean,
    ca_cert: text,
    ca_bundle: text,
    ca_path: text,
    mtls: boolean,
    client_cert: text,
    client_key: text,
    echo: boolean,
    compress_uploads: boolean,
    keep_alive: boolean,
    max_consecutive_timeouts: unused(integer, 'alerts wait in the spool until the receiver takes them', '5'),
  }),
  json_include_message_property: boolean,
  json_include_output_fields_property: boolean,
  json_include_output_property: boolean,
  json_include_tags_property: boolean,
  json_output: boolean,
  libs_logger: unused(anything, logs),
  load_plugins: unused(
    texts,
    'the plugins container, json and k8saudit are built in, and there are no others',
  ),
  log_level: unused(
    word('emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'),
    logs,
    'info',
  ),
  log_stderr: unused(boolean, logs, 'true'),
  log_syslog: unused(boolean, logs, 'true'),
  metrics: map({
    ...switched,
    interval: text,
    output_rule: boolean,
    output_file: unused(text, counters, ''),
    rules_counters_enabled: unused(boolean, counters, 'true'),
    resource_utilization_enabled: unused(boolean, counters, 'true'),
    state_counters_enabled: unused(boolean, counters, 'true'),
    kernel_event_counters_enabled: unused(boolean, counters, 'true'),
    kernel_event_counters_per_cpu_enabled: unused(boolean, counters, 'false'),
    libbpf_stats_enabled: unused(boolean, counters, 'true'),
    plugins_metrics_enabled: unused(boolean, counters, 'true'),
    jemalloc_stats_enabled: unused(boolean, counters, 'false'),
    convert_memory_to_mb: unused(boolean, counters, 'true'),
    include_empty_values: unused(boolean, counters, 'false'),
  }),
  output_timeout: unused(integer, 'an output that hangs holds up no other', '2000'),
  outputs: map({ rate: number, max_burst: integer }),
  outputs_queue: unused(map({ capacity: integer }), 'alerts wait on disk, within the bytes of the spool'),
  plugins: unused(anything, 'the plugins container, json and k8saudit are built in, and there are no others'),
  plugins_hostinfo: unused(boolean, 'there are no plugins', 'true'),
  priority: word(...priorities.map((name) => name.toLowerCase()), 'info'),
  program_output: map({ ...switched, keep_alive: boolean, program: text }),
  rule_matching: word('first', 'all'),
  rules: list(map({ enable: selection, disable: selection })),
  rules_file: anything,
  rules_files: texts,
  static_fields: { shape: { kind: 'names', value: text } },
  stdout_output: map(switched),
  syscall_event_drops: map({
    threshold: number,
    actions: list(word('ignore', 'log', 'alert', 'exit')),
    rate: number,
    max_burst: integer,
    simulate_drops: unused(boolean, 'Picket makes up no losses', 'false'),
  }),
  syscall_event_timeouts: unused(anything, 'the kernel wakes the sensor'),
  syslog_output: map({ ...switched, url: text }),
  time_format_iso_8601: boolean,
  watch_config_files: unused(boolean, 'a new configuration counts from the next start', 'true'),
  webserver: map({
    ...switched,
    threadiness: unused(integer, 'one thread serves all requests', '0'),
    listen_port: integer,
    listen_address: text,
    k8s_healthz_endpoint: text,
    prometheus_metrics_enabled: boolean,
    ssl_enabled: boolean,
    ssl_certificate: text,
  }),
});

/** Keys at the top that releases took away, with the first release without them where it is known. */
export const removedKeys: ReadonlyMap<string, { readonly release?: string; readonly instead: string }> =
  new Map([
    ['grpc', { release: '0.44', instead: 'use `http_output`' }],
    ['grpc_output', { release: '0.44', instead: 'use `http_output`' }],
    [
      'container_engines',
      { release: '0.41', instead: 'delete it: container runtimes are found by themselves' },
    ],
    ['syscall_buf_size_preset', { instead: 'use `buf_size_preset` below `engine`' }],
    ['syscall_drop_failed_exit', { instead: 'use `drop_failed_exit` below `engine`' }],
    ['modern_bpf', { instead: 'use `engine: {kind: modern_ebpf}`' }],
  ]);

/** Kinds of engines that releases took away. */
export const removedEngines: ReadonlyMap<string, string> = new Map([
  ['ebpf', '0.44'],
  ['gvisor', '0.44'],
]);
