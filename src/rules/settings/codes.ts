import type { Code, CodeDefinition, Severity } from '../../diagnostic/diagnostic.ts';

function define(
  code: Code,
  severity: Severity,
  title: string,
  doc: string,
  bad: string,
  good?: string,
): CodeDefinition {
  const example = { bad, ...(good !== undefined && { good }) };
  return { code, class: 'schema', severity, title, since: '0.2.0', doc, example };
}

export const settingsUnreadable: CodeDefinition = define(
  'PKT2100',
  'error',
  'falco.yaml that cannot be read',
  'The text is no YAML, or not a mapping of settings. Nothing of the file counts; Falco does not start with it.',
  'json_output true',
  'json_output: true',
);

export const unknownSetting: CodeDefinition = define(
  'PKT2101',
  'warning',
  'Setting that does not exist',
  'Neither Falco nor Picket has a setting of this name: it does nothing. Mostly the name is mistyped, or stands a level too high or too low.',
  'json_ouput: true',
  'json_output: true',
);

export const removedSetting: CodeDefinition = define(
  'PKT2102',
  'warning',
  'Setting that went with a release',
  `Earlier releases of Falco had this setting; the one that is named took it away. Picket ignores it, but for \`outputs.rate\` and
\`outputs.max_burst\`: these it honours, counts the alerts that they hold back, and announces them among the alerts.`,
  'grpc_output: {enabled: true}',
  'http_output: {enabled: true, url: http://127.0.0.1:2801}',
);

export const faultySetting: CodeDefinition = define(
  'PKT2103',
  'error',
  'Setting with a value of another type',
  'The setting asks for a value of another type, or for one of a few words. It is left at its default.',
  'json_output: maybe',
  'json_output: true',
);

export const rulesFilesTwice: CodeDefinition = define(
  'PKT2104',
  'error',
  'Both spellings of rules_files',
  '`rules_file` is the old spelling of `rules_files`. Falco refuses a configuration that has both; put all files under `rules_files`.',
  'rules_file: [a.yaml]\nrules_files: [b.yaml]',
  'rules_files: [a.yaml, b.yaml]',
);

export const unusedSetting: CodeDefinition = define(
  'PKT2105',
  'note',
  'Setting of Falco that Picket does not need',
  'Picket accepts the setting, so that one file serves both, and does what it is for in another way or not at all. The message says which.',
  'outputs_queue: {capacity: 1000}',
);

export const unsetVariable: CodeDefinition = define(
  'PKT2106',
  'warning',
  'Environment variable that is not set',
  `A value has \`\${NAME}\`, and the environment has no such variable: it becomes an empty text. Write \`$\${NAME}\` for the letters
themselves.`,
  `http_output: {url: "\${COLLECTOR}"}`,
);

export const includedFile: CodeDefinition = define(
  'PKT2107',
  'error',
  'Included configuration that cannot be taken',
  `A file of \`config_files\` is not there, or has \`config_files\` of its own: these are not followed. A strategy is \`append\` (lists grow,
other keys are replaced), \`override\` (all keys are replaced) or \`add-only\` (only new keys count).`,
  'config_files: [{path: extra.yaml, strategy: merge}]',
  'config_files: [{path: extra.yaml, strategy: append}]',
);

export const faultyOverride: CodeDefinition = define(
  'PKT2108',
  'error',
  'Option -o that names no place',
  'An override is `key=value`, `key.inner=value` or `key[0]=value`; a backslash before a dot, bracket or backslash takes it as a letter. `[]` appends to a list.',
  '-o json_output',
  '-o json_output=true',
);

export const outputWithoutTarget: CodeDefinition = define(
  'PKT2109',
  'error',
  'Output that does not know where to',
  'The output is enabled, and what it needs is missing: `filename`, `program`, or a `url` of http or https. It is left out, so that its alerts reach nobody.',
  'http_output:\n  enabled: true',
  'http_output:\n  enabled: true\n  url: http://127.0.0.1:2801',
);

export const idleSelection: CodeDefinition = define(
  'PKT2110',
  'warning',
  'Selection that matches no rule',
  'An entry of `rules` or `append_output` matches none of the rules that are loaded: it does nothing. Names are compared with letter case.',
  'rules:\n- disable: {rule: Terminal shel in container}',
  'rules:\n- disable: {rule: Terminal shell in container}',
);

export const missingRulesFile: CodeDefinition = define(
  'PKT2111',
  'warning',
  'Rules file that is not there',
  `An entry of \`rules_files\` names neither a file nor a folder. Falco passes over it without a word, and runs without its rules; so does
Picket, but for this word. A relative path counts from the folder of the configuration.`,
  'rules_files: [/etc/falco/falco_rule.yaml]',
  'rules_files: [/etc/falco/falco_rules.yaml]',
);

export const noRulesFiles: CodeDefinition = define(
  'PKT2112',
  'error',
  'Configuration that loads no rules',
  'None of the entries of `rules_files` gives a file with rules, or there are none: nothing is ever raised. Falco does not start.',
  'stdout_output: {enabled: true}',
  'stdout_output: {enabled: true}\nrules_files: [/etc/falco/falco_rules.yaml]',
);

/** All codes of this folder. */
export const settingsCodes: readonly CodeDefinition[] = [
  settingsUnreadable,
  unknownSetting,
  removedSetting,
  faultySetting,
  rulesFilesTwice,
  unusedSetting,
  unsetVariable,
  includedFile,
  faultyOverride,
  outputWithoutTarget,
  idleSelection,
  missingRulesFile,
  noRulesFiles,
];
