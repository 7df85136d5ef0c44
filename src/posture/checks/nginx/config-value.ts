import { type Diagnostic, diagnose, type Fix, type TextEdit } from '../../../diagnostic/diagnostic.ts';
import { isOfType, type Setting } from '../../../product/fact.ts';
import { nginxConfigMapKeys } from '../../../product/ingress-nginx-config-map.ts';
import type { NginxConfig, NginxSetting } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { allOf } from './edits.ts';
import { settingsOf } from './settings.ts';
import { type ValueProblem, valueProblem } from './value-problem.ts';

/** Keys of ingress-nginx's ConfigMap with a value of another kind. */
export const configValue: Check = {
  code: 'PKT1106',
  title: 'Setting of ingress-nginx with a wrong value',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The key takes another kind of value. The controller cannot read a number or a boolean that is none: it warns in its log and
keeps the default. Sizes, times and fixed words go into \`nginx.conf\` as they are: nginx refuses that file and keeps
running with the one before, so that later changes have no effect either.

The names resemble nginx's directives, the values often do not: \`ssl-session-cache\` is \`true\` or \`false\`, and its size
is another key, \`ssl-session-cache-size\`.`,
  example: {
    bad: 'ssl-session-cache: "shared:SSL:10m"',
    good: 'ssl-session-cache: "true"\nssl-session-cache-size: 10m',
  },
  run(declared) {
    return settingsOf(declared).flatMap((config) =>
      config.settings.flatMap((setting) => {
        const known = nginxConfigMapKeys.get(setting.name);
        const problem = known && valueProblem(known, setting.value);
        return problem ? [finding(config, setting, known, problem, declared)] : [];
      }),
    );
  },
};

function finding(
  config: NginxConfig,
  setting: NginxSetting,
  known: Setting,
  { wrong, takes }: ValueProblem,
  declared: Declared,
): Diagnostic {
  const isParsed = known.type === 'boolean' || known.type === 'integer' || known.type === 'number';
  const kept = known.default === undefined ? 'is ignored' : `leaves the default, \`${known.default}\``;
  const follows = isParsed ? kept : 'is refused';
  const repair = repairOf(config, setting);
  const edits = repair && editsOf(setting, repair, declared);
  const fix: Fix | undefined = edits && { title: `write ${textOf(setting, repair)}`, safe: true, edits };
  return diagnose(configValue, {
    message: `\`${setting.name}\` takes ${takes}: ${wrong} ${follows}`,
    span: setting.span,
    help: `write ${repair ? textOf(setting, repair) : takes}`,
    ...(fix && { fix }),
  });
}

/** What is to be written instead: a value, and perhaps another key. */
interface Repair {
  readonly value: string;
  readonly size: string | undefined;
}

/** The parameters of nginx's own directive, `shared:NAME:SIZE` and `none` or `off`; and its words for booleans. */
function repairOf({ settings }: NginxConfig, { name, value }: NginxSetting): Repair | undefined {
  if (nginxConfigMapKeys.get(name)?.type !== 'boolean') return undefined;
  const word = value.trim().toLowerCase();
  if (word === 'on' || word === 'yes') return { value: 'true', size: undefined };
  if (word === 'off' || word === 'no' || (name === 'ssl-session-cache' && word === 'none')) {
    return { value: 'false', size: undefined };
  }
  if (name !== 'ssl-session-cache') return undefined;
  const size = /(?:^|\s)shared:[^:\s]+:(\S+)/.exec(value)?.[1];
  if (size === undefined || !isOfType('size', size)) return undefined;
  const isThere = settings.some((one) => one.name === 'ssl-session-cache-size');
  return { value: 'true', size: isThere ? undefined : size };
}

function textOf({ name }: NginxSetting, { value, size }: Repair): string {
  return `\`${name}: "${value}"\`${size === undefined ? '' : ` and \`${name}-size: ${size}\``}`;
}

function editsOf(
  { name, span, keySpan }: NginxSetting,
  { value, size }: Repair,
  { manifests }: Declared,
): readonly TextEdit[] | undefined {
  const text = manifests.sources.get(span.file);
  if (text === undefined || span.start.line !== span.end.line) return undefined;
  const lineStart = text.lastIndexOf('\n', keySpan.start.offset - 1) + 1;
  const indent = text.slice(lineStart, keySpan.start.offset);
  const ownLine =
    /^ *$/.test(indent) && /^[ \t\r]*(?:\n|$)/.test(text.slice(span.end.offset, span.end.offset + 80));
  const more = size === undefined ? '' : ownLine ? `\n${indent}${name}-size: ${size}` : undefined;
  return allOf([more === undefined ? undefined : { span, text: `"${value}"${more}` }]);
}
