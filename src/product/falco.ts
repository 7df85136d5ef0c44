import { byName, type RemovedSetting, type Setting, settingsOf } from './fact.ts';

/** The engine: its releases and what comes with it. */
export const falco = {
  latest: '0.44.0',
  /** First release in which `rules_file` is deprecated; both spellings together are an error. */
  rulesFilesSince: '0.38',
  /** Rules files that the engine's packages and image install, in `/etc/falco`. */
  shippedRuleFiles: ['/etc/falco/falco_rules.yaml', '/etc/falco/falco_rules.local.yaml'],
  /** What `rules_files` lists as shipped. */
  shippedRulesFiles: [
    '/etc/falco/falco_rules.yaml',
    '/etc/falco/falco_rules.local.yaml',
    '/etc/falco/rules.d',
  ],
  /** Rules files that come with a plugin, and the plugins that they need in `plugins` and `load_plugins`. */
  pluginRuleFiles: new Map<string, readonly string[]>([
    ['k8s_audit_rules.yaml', ['k8saudit', 'json']],
    ['aws_cloudtrail_rules.yaml', ['cloudtrail', 'json']],
    ['github_rules.yaml', ['github', 'json']],
    ['okta_rules.yaml', ['okta', 'json']],
  ]),
  /** Since this release fields `container.*` come from the plugin `container`, loaded through `config_files`. */
  containerPluginSince: '0.41',
  /** Directories of rules are read one level deep, sorted; only files with these endings. */
  ruleFileEndings: ['.yaml', '.yml'],
  priorities: [
    'emergency',
    'alert',
    'critical',
    'error',
    'warning',
    'notice',
    'informational',
    'info',
    'debug',
  ],
  /** Outputs and the key that turns each on. When the section is absent all are off. */
  outputs: ['stdout_output', 'syslog_output', 'file_output', 'program_output', 'http_output'],
  imageRepositories: [
    'falcosecurity/falco',
    'falcosecurity/falco-no-driver',
    'falcosecurity/falco-distroless',
  ],
  webserverPort: 8765,
} as const;

/** What `falco.yaml` may have at its top, and the default that the code takes when a key is absent. */
const configKeys = settingsOf([
  ['append_output', 'list'],
  ['base_syscalls', 'text'],
  ['buffer_format_base64', 'boolean', 'false'],
  ['buffered_outputs', 'boolean', 'false'],
  ['capture', 'text'],
  ['config_files', 'list'],
  ['engine', 'text'],
  ['falco_libs', 'text'],
  ['file_output', 'text'],
  ['http_output', 'text'],
  ['json_include_message_property', 'boolean', 'false'],
  ['json_include_output_fields_property', 'boolean', 'true'],
  ['json_include_output_property', 'boolean', 'true'],
  ['json_include_tags_property', 'boolean', 'true'],
  ['json_output', 'boolean', 'false'],
  ['libs_logger', 'text'],
  ['load_plugins', 'list'],
  [
    'log_level',
    'text',
    {
      default: 'info',
      values: ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'],
    },
  ],
  ['log_stderr', 'boolean', 'false'],
  ['log_syslog', 'boolean', 'true'],
  ['metrics', 'text'],
  ['output_timeout', 'integer', '2000'],
  ['outputs_queue', 'text'],
  ['plugins', 'list'],
  ['plugins_hostinfo', 'boolean', 'true'],
  ['priority', 'text', { default: 'debug', values: falco.priorities }],
  ['program_output', 'text'],
  ['rule_matching', 'text', { default: 'first', values: ['first', 'all'] }],
  ['rules', 'list'],
  ['rules_file', 'list', { deprecated: 'write `rules_files`' }],
  ['rules_files', 'list'],
  ['static_fields', 'text'],
  ['stdout_output', 'text'],
  ['syscall_event_drops', 'text'],
  ['syscall_event_timeouts', 'text'],
  ['syslog_output', 'text'],
  ['time_format_iso_8601', 'boolean', 'false'],
  ['watch_config_files', 'boolean', 'true'],
  ['webserver', 'text'],
]);

/** A key that went, and what follows for those who count on it. */
export interface RemovedFalcoSetting extends RemovedSetting {
  readonly effect?: string;
}

const removedKeys: readonly RemovedFalcoSetting[] = [
  {
    name: 'outputs',
    release: '0.37',
    instead: 'delete it, and limit repeated alerts where they are received',
    effect: 'nothing limits alerts',
  },
  { name: 'grpc', release: '0.44', instead: 'use `http_output`' },
  { name: 'grpc_output', release: '0.44', instead: 'use `http_output`' },
  { name: 'syscall_buf_size_preset', instead: 'use `buf_size_preset` below `engine`' },
  { name: 'syscall_drop_failed_exit', instead: 'use `drop_failed_exit` below `engine`' },
  { name: 'modern_bpf', instead: 'use `engine: {kind: modern_ebpf}`' },
];

/** Keys at the top of `falco.yaml` by name. */
export const falcoConfigKeys: ReadonlyMap<string, Setting> = byName(configKeys);
/** Keys that current releases refuse (schema validation) or ignore. */
export const removedFalcoConfigKeys: ReadonlyMap<string, RemovedFalcoSetting> = byName(removedKeys);
