import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { falco } from '../../../product/falco.ts';
import { fieldsOf } from '../../../segmentation/values.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields } from '../yaml-edit.ts';
import { hasMoreFiles, optionValues, readersOf } from './setup.ts';

/** `grpc_output` went with 0.44; where it is still read it is an output. */
const outputs: readonly string[] = [...falco.outputs, 'grpc_output'];

/** A Falco that sees and does not tell. */
export const noOutput: Check = {
  code: 'PKT1155',
  title: 'Falco without an output',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The file turns no output on. The file that comes with Falco turns on two, so it looks as if that were the default; it is
not: in a file of one's own every output is off until it says \`enabled: true\`. Rules match, and no alert leaves Falco.

Turn on \`stdout_output\` (the container's log) or \`http_output\` (Falcosidekick or another receiver).`,
  example: {
    bad: 'falco.yaml: |\n  json_output: true',
    good: 'falco.yaml: |\n  json_output: true\n  stdout_output:\n    enabled: true',
  },
  run(declared) {
    return declared.controls.falcoConfigs
      .filter((config) => !mayTell(config, declared))
      .map((config) => finding(config, declared));
  },
};

function mayTell(config: FalcoConfig, declared: Declared): boolean {
  const { document } = config;
  // A file that could not be read, or is one of several parts, says nothing about what is on.
  if (document.value === undefined || (hasMoreFiles(config) && isPart(config))) return true;
  const fields = fieldsOf(document.value);
  const isOn = (value: unknown) =>
    value === true || (typeof value === 'string' && /^true$|\$\{/i.test(value));
  if (outputs.some((name) => isOn(fieldsOf(fields[name]).enabled))) return true;
  return readersOf(config, declared).some((container) =>
    optionValues(container, '-o', '--option').some((option) => /_output\.enabled=true$/.test(option)),
  );
}

/** Whether it says nothing of outputs and leaves the rest to others. */
function isPart({ document, rulesFileKeys }: FalcoConfig): boolean {
  const fields = fieldsOf(document.value);
  return rulesFileKeys.length === 0 && !outputs.some((name) => Object.hasOwn(fields, name));
}

function finding(config: FalcoConfig, { manifests }: Declared): Diagnostic {
  const fields = fieldsOf(config.document.value);
  const off = outputs.find((name) => Object.hasOwn(fields, name));
  const edit =
    off === undefined
      ? appendFields(manifests.sources, config.document, [], ['stdout_output:', '  enabled: true'])
      : undefined;
  const fix: Fix | undefined = edit && { title: 'turn on stdout_output', safe: true, edits: [edit] };
  const unless = hasMoreFiles(config) ? ' unless a file of `config_files` turns one on' : '';
  return diagnose(noOutput, {
    ...(hasMoreFiles(config) && { severity: 'warning' }),
    message: `no alert leaves Falco${unless}: stdout, syslog, file, program and HTTP output are off until one says \`enabled: true\``,
    span: off === undefined ? config.key.keySpan : config.document.keyAt([off]),
    help:
      off === undefined
        ? 'add `stdout_output: {enabled: true}`, or `http_output: {enabled: true, url: …}`'
        : `write \`enabled: true\` below \`${off}\``,
    ...(fix && { fix }),
  });
}
