import type { HostFirewallSpec } from '../../../manifest/host-firewall/schema.ts';
import type { Rule } from '../../ruleset.ts';
import type { Imported, ImportedRule, ImportedRules } from './import.ts';

/**
 * Returns a HostFirewall as YAML, a rule on a line, with what each stands for behind it. `place` says where a rule is written, e.g.
 * `firewall.sh:12`.
 */
export function importedYaml(imported: Imported, name: string, place: (rule: Rule) => string): string {
  const { zones, inbound, forward, outbound, echo, dhcp, logs } = imported;
  const rules = (of: ImportedRules, indent: string) => [
    ...listLines('deny', of.deny, indent, place),
    ...listLines('allow', of.allow, indent, place),
    `${indent}policy: ${of.policy}`,
  ];
  const nested = (key: string, of: ImportedRules | undefined) =>
    of === undefined ? [] : [`  ${key}:`, ...rules(of, '    ')];
  const named = Object.entries(zones).map(([zone, value]) => `    ${zone}: ${flow(value)}`);
  return [
    'apiVersion: picket.dev/v1alpha1',
    'kind: HostFirewall',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    ...(named.length > 0 ? ['  zones:', ...named] : []),
    ...rules(inbound, '  '),
    `  icmp: { echo: ${echo} }`,
    `  dhcp: ${dhcp}`,
    ...(logs ? ['  log: {}'] : []),
    ...nested('forward', forward),
    ...nested('outbound', outbound),
    '',
  ].join('\n');
}

function listLines(
  key: string,
  rules: readonly ImportedRule[],
  indent: string,
  place: (rule: Rule) => string,
): string[] {
  if (rules.length === 0) return [];
  const lines = rules.map(({ written, stands }) => {
    const places = [...new Set(stands.map(place))];
    const shown = places.slice(0, 4).join(', ') + (places.length > 4 ? ', …' : '');
    return `${indent}  - ${flow(written)}${shown === '' ? '' : ` # ${shown.replace(/[^ -~…]/g, '?')}`}`;
  });
  return [`${indent}${key}:`, ...lines];
}

type Written = ImportedRule['written'] | NonNullable<HostFirewallSpec['zones']>[string];

/** Returns a mapping on one line. */
function flow(value: Written): string {
  const fields = Object.entries(value).map(([key, item]) => {
    return `${key}: ${Array.isArray(item) ? `[${item.map(scalar).join(', ')}]` : scalar(item)}`;
  });
  return `{ ${fields.join(', ')} }`;
}

/** Quotes what YAML would read as something else than this text. */
function scalar(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = String(value);
  return /^(?:[a-z][a-z0-9-]*|\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?|\d+-\d+)$/.test(text) &&
    !reserved.has(text)
    ? text
    : JSON.stringify(text);
}

const reserved = new Set(['null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n']);
