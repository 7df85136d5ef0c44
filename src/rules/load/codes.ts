import type { CodeDefinition } from '../../diagnostic/diagnostic.ts';

/** A code of ours that stands for one of Falco's. */
export interface LoadCode extends CodeDefinition {
  /** As `falco -V` prints it. */
  readonly falco: string;
  /** Falco's own words for it, as `codedesc` in its JSON. */
  readonly falcoTitle: string;
}

const common = { class: 'schema', since: '0.2.0' } as const;

function error(
  code: LoadCode['code'],
  falco: string,
  falcoTitle: string,
  title: string,
  doc: string,
  bad: string,
  good?: string,
) {
  return {
    ...common,
    code,
    falco,
    falcoTitle,
    title,
    severity: 'error',
    doc,
    example: { bad, ...(good && { good }) },
  } as const;
}

function warning(
  code: LoadCode['code'],
  falco: string,
  falcoTitle: string,
  title: string,
  doc: string,
  bad: string,
  good?: string,
) {
  return { ...error(code, falco, falcoTitle, title, doc, bad, good), severity: 'warning' } as const;
}

export const rulesFileRead: LoadCode = error(
  'PKT2000',
  'LOAD_ERR_FILE_READ',
  'Error reading file',
  'Rules file cannot be read',
  'The file or folder that was named for rules is not there, or may not be read. Falco does not start with it.',
  'picket rules check /etc/falco/missing.yaml',
);

export const rulesYamlParse: LoadCode = error(
  'PKT2001',
  'LOAD_ERR_YAML_PARSE',
  'Error parsing YAML',
  'Rules file is no YAML',
  'The text is not YAML: mostly indentation, or a value with `: ` or ` #` that wants quotes. Nothing of the file is loaded.',
  '- list: shells\n items: [sh]',
  '- list: shells\n  items: [sh]',
);

export const rulesYamlValidate: LoadCode = error(
  'PKT2002',
  'LOAD_ERR_YAML_VALIDATE',
  'Error validating internal structure of YAML file',
  'Rules file of another shape',
  `A rules file is a list of objects: rules, macros, lists and required versions. A rule needs \`condition\`, \`output\`, \`desc\` and
\`priority\`; a macro \`condition\`; a list \`items\`; an exception \`name\` and \`fields\`. Each value has the type that its key asks for.`,
  '- rule: Shell\n  condition: spawned_process',
  '- rule: Shell\n  desc: a shell was started\n  condition: spawned_process\n  output: shell (%proc.cmdline)\n  priority: WARNING',
);

export const rulesCompileCondition: LoadCode = error(
  'PKT2003',
  'LOAD_ERR_COMPILE_CONDITION',
  'Error compiling condition',
  'Condition that does not compile',
  `The condition has a word that does not belong there, names a field that no source of events has, gives a field an operator
or a value that its type does not take, or names a type of event that does not exist.`,
  'condition: proc.nmae = cat',
  'condition: proc.name = cat',
);

export const rulesCompileOutput: LoadCode = error(
  'PKT2004',
  'LOAD_ERR_COMPILE_OUTPUT',
  'Error compiling output',
  'Output that does not compile',
  'The output names a field that the source of the rule does not have, or a field without the argument that it needs.',
  'output: shell (%proc.nmae)',
  'output: shell (%proc.name)',
);

export const rulesValidate: LoadCode = error(
  'PKT2005',
  'LOAD_ERR_VALIDATE',
  'Error validating rule/macro/list/exception objects',
  'Rules that do not fit together',
  `A macro that is used is not defined before, an appended object has no earlier one to append to, an exception names fields that
do not exist or gives values that do not fit them, or the file needs a newer engine than this one.`,
  '- macro: shell\n  condition: proc.name in (sh) and spawned_proces',
);

export const rulesExtension: LoadCode = error(
  'PKT2006',
  'LOAD_ERR_EXTENSION',
  'Error in extension item',
  'Extension item with an error',
  `A \`correlation\`, which Picket adds to the language, is not as it must be. It asks exactly one thing: \`count\`, \`sequence\` or
\`absence\`. Wherever a condition stands, the name of a sound rule of the same source may stand instead. \`at_least\` is a whole number from
1 to 10000, \`max_keys\` from 1 to 1000000, \`within\` at most 100 days; a sequence has 2 to 16 steps whose names no field begins with; a map
of key fields has as many for each. docs/guide/stateful-rules.md tells all of it.`,
  '- correlation: Many files\n  count: open_write',
  '- correlation: Many files\n  desc: a program writes many files\n  count: {condition: open_write, by: [proc.pid], at_least: 100}\n  within: 10s\n  output: many files (%proc.cmdline)\n  priority: NOTICE',
);

export const unknownSource: LoadCode = warning(
  'PKT2010',
  'LOAD_UNKNOWN_SOURCE',
  'Unknown event source',
  'Rule for a source that is not there',
  'No sensor gives events of this source, so that the rule never fires: it is left out. `picket rules list` names the sources.',
  'source: aws_cloudtrial',
  'source: aws_cloudtrail',
);

export const unsafeNaCheck: LoadCode = warning(
  'PKT2011',
  'LOAD_UNSAFE_NA_CHECK',
  'Unsafe <NA> comparison in condition',
  'Comparison with <NA>',
  `A field without a value makes every comparison false; none is ever equal to the text \`<NA>\`. Ask with \`exists\`.`,
  'condition: ka.user.name != <NA>',
  'condition: ka.user.name exists',
);

export const noEventType: LoadCode = warning(
  'PKT2012',
  'LOAD_NO_EVTTYPE',
  'Condition has no event-type restriction',
  'Condition over all types of events',
  `The condition does not say for which types of events it holds, so that it is evaluated for every one and the sensor must
deliver all of them. Begin with \`evt.type in (…)\` or a macro that has it, such as \`spawned_process\`.`,
  'condition: proc.name = nc',
  'condition: spawned_process and proc.name = nc',
);

export const unknownFilter: LoadCode = warning(
  'PKT2013',
  'LOAD_UNKNOWN_FILTER',
  'Unknown field or event-type in condition or output',
  'Rule left out for an unknown field',
  'The rule names a field that is not known and says `skip-if-unknown-filter: true`: it is left out.',
  'condition: proc.new_field = 1\nskip-if-unknown-filter: true',
);

export const unusedMacro: LoadCode = warning(
  'PKT2014',
  'LOAD_UNUSED_MACRO',
  'Unused macro',
  'Macro that nothing uses',
  'No rule and no other macro names it. Often the name was meant to override one that is called otherwise.',
  '- macro: my_shells\n  condition: proc.name in (sh)',
);

export const unusedList: LoadCode = warning(
  'PKT2015',
  'LOAD_UNUSED_LIST',
  'Unused list',
  'List that nothing uses',
  'No rule, macro or other list names it. Often the name was meant to override one that is called otherwise.',
  '- list: my_shells\n  items: [sh]',
);

export const unknownItem: LoadCode = warning(
  'PKT2016',
  'LOAD_UNKNOWN_ITEM',
  'Unknown rules file item',
  'Item of an unknown kind',
  'An item is a rule, a macro, a list, a correlation, or a required version. This one is left out.',
  '- rules: Shell',
  '- rule: Shell',
);

export const deprecatedItem: LoadCode = warning(
  'PKT2017',
  'LOAD_DEPRECATED_ITEM',
  'Used deprecated item',
  'Deprecated item',
  `\`append: true\` has given way to \`override: {condition: append}\`, which says for each key whether it is appended or replaced; an
item of \`rule\` and \`enabled\` alone to \`override: {enabled: replace}\`; \`evt.dir\` and the latency fields went with the enter events.`,
  '- rule: Shell\n  condition: and proc.name != sh\n  append: true',
  '- rule: Shell\n  condition: and proc.name != sh\n  override: {condition: append}',
);

export const warningExtension: LoadCode = warning(
  'PKT2018',
  'LOAD_WARNING_EXTENSION',
  'Warning in extension item',
  'Extension item with a doubt',
  `A \`correlation\` may not do what it is meant to: what it remembers is lost when Picket is started anew, so that one over more than
a week is seldom seen whole.`,
  '- correlation: Many files\n  within: 90d',
  '- correlation: Many files\n  within: 1d',
);

export const appendNoValues: LoadCode = warning(
  'PKT2019',
  'LOAD_APPEND_NO_VALUES',
  'Overriding/appending with no values',
  'Exception appended without values',
  'An exception is appended to that has no values: nothing changes.',
  'exceptions:\n- name: known_shells',
);

export const exceptionNameNotUnique: LoadCode = warning(
  'PKT2020',
  'LOAD_EXCEPTION_NAME_NOT_UNIQUE',
  'Multiple exceptions defined with the same name',
  'Two exceptions of one name',
  'Two exceptions of a rule have the same name: what is appended to it later goes to the first.',
  'exceptions:\n- {name: known, fields: [proc.name]}\n- {name: known, fields: [fd.name]}',
);

export const invalidMacroName: LoadCode = warning(
  'PKT2021',
  'LOAD_INVALID_MACRO_NAME',
  'Invalid macro name',
  'Macro whose name no condition can say',
  'A name of a macro is made of letters, digits and `_` and begins with a letter: another cannot stand in a condition.',
  '- macro: my-shells\n  condition: proc.name in (sh)',
  '- macro: my_shells\n  condition: proc.name in (sh)',
);

export const invalidListName: LoadCode = warning(
  'PKT2022',
  'LOAD_INVALID_LIST_NAME',
  'Invalid list name',
  'List whose name no condition can say',
  'A name of a list is made of letters, digits and `_` and begins with a letter: another cannot be told from a value.',
  '- list: my-shells\n  items: [sh]',
  '- list: my_shells\n  items: [sh]',
);

export const conditionDoubt: LoadCode = warning(
  'PKT2023',
  'LOAD_COMPILE_CONDITION',
  'Warning in rule condition',
  'Condition that may mean something else',
  `A value that is the name of a field is compared as text: \`val(…)\` compares with the other field. A regular expression without
special signs is slower than \`=\`, \`contains\`, \`startswith\` or \`endswith\`, which say the same.`,
  'condition: proc.name = proc.pname',
  'condition: proc.name = val(proc.pname)',
);

export const unknownKey: LoadCode = warning(
  'PKT2024',
  'LOAD_UNKNOWN_KEY',
  'Unknown key',
  'Key that means nothing there',
  'No item of this kind has such a key: it is left out, most likely misspelt.',
  '- rule: Shell\n  conditon: spawned_process',
  '- rule: Shell\n  condition: spawned_process',
);

/** All of them, errors first. */
export const loadCodes: readonly LoadCode[] = [
  rulesFileRead,
  rulesYamlParse,
  rulesYamlValidate,
  rulesCompileCondition,
  rulesCompileOutput,
  rulesValidate,
  rulesExtension,
  unknownSource,
  unsafeNaCheck,
  noEventType,
  unknownFilter,
  unusedMacro,
  unusedList,
  unknownItem,
  deprecatedItem,
  warningExtension,
  appendNoValues,
  exceptionNameNotUnique,
  invalidMacroName,
  invalidListName,
  conditionDoubt,
  unknownKey,
];
