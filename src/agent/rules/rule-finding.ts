import type { AlertSeverity, EntityRef, Evidence, Finding } from '../../detect/detector.ts';
import { rulesDetector } from '../../detect/rules-detector.ts';
import { parseAddress } from '../../net/address.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import type { Priority } from '../../rules/rule-set.ts';
import { techniquesOf } from './techniques.ts';

const severities: Readonly<Record<Priority, AlertSeverity>> = {
  Emergency: 'critical',
  Alert: 'critical',
  Critical: 'critical',
  Error: 'high',
  Warning: 'medium',
  Notice: 'low',
  Informational: 'low',
  Debug: 'low',
};

/** Values that are shown with an alert, and how much of each: programs choose them. */
const [maxEvidence, maxValue, maxMessage] = [24, 400, 2_000];
/** What tells the same thing again from another one, beside the rule and who did it. */
const same = ['proc.name', 'proc.exepath', 'fd.name', 'fd.sip', 'ka.user.name', 'ka.target.name'] as const;

/**
 * Returns an alert of a rule as a finding, to be folded with its repeats, kept and shown. Who did it is the container where the output
 * names one, else the machine; the same rule, program and object there is the same thing again.
 */
export function ruleFinding({ rule, time, hostname, message, fields }: RuleAlert): Finding {
  const values = new Map([...fields].map(([name, value]) => [name, plain(value)]));
  const entity = shortened(entityOf(values) ?? hostname, maxValue);
  const key = same.map((name) => withoutClientPort(values.get(name) ?? '')).join('|');
  return {
    detector: rulesDetector,
    severity: severities[rule.priority],
    at: Number(time / 1_000_000n),
    entity,
    entities: entitiesOf(values, entity, hostname),
    fingerprint: `rules|${rule.source}|${rule.name}|${entity}|${key}`.slice(0, maxMessage),
    title: rule.name,
    explanation: shortened(message, maxMessage),
    evidence: evidenceOf(values),
    techniques: techniquesOf(rule.tags),
    flows: [],
  };
}

function entityOf(values: ReadonlyMap<string, string | undefined>): string | undefined {
  const pod = values.get('k8s.pod.name');
  if (pod !== undefined) return `${values.get('k8s.ns.name') ?? '?'}/${pod}`;
  const name = values.get('container.name');
  if (name !== undefined && name !== 'host') return name;
  const id = values.get('container.id');
  return id === undefined || id === 'host' || id === '' ? values.get('ka.user.name') : id;
}

/** Users that every machine has: that two things were done by one of them connects nothing. */
const everywhere: ReadonlySet<string> = new Set(['', 'root', 'nobody', '<NA>', '<N/A>']);

/**
 * Who takes part: who did it; on the machine itself also by which user and process, which are what connects alerts where many have the machine
 * as their actor; and whom a connection of theirs went to.
 */
function entitiesOf(
  values: ReadonlyMap<string, string | undefined>,
  entity: string,
  hostname: string,
): EntityRef[] {
  const kind = kindOf(values);
  const entities: EntityRef[] = [{ kind, name: entity, role: 'actor' }];
  const [user, process, pid] = ['user.name', 'proc.name', 'proc.pid'].map((name) => values.get(name));
  if (kind === 'host' && user !== undefined && !everywhere.has(user))
    entities.push({ kind: 'user', name: shortened(`${user}@${hostname}`, maxValue), role: 'actor' });
  if (process !== undefined && pid !== undefined)
    entities.push({
      kind: 'process',
      name: shortened(`${process}[${pid}]@${hostname}`, maxValue),
      role: 'actor',
    });
  // Its own end is the client where the far end is the server.
  const [far, server] = [values.get('fd.rip'), values.get('fd.sip')];
  if (far !== undefined && far === server && parseAddress(far) !== undefined)
    entities.push({ kind: 'address', name: far, role: 'target' });
  const [space, target] = [values.get('ka.target.namespace'), values.get('ka.target.name')];
  if (kind === 'user' && target !== undefined && values.get('ka.target.resource') === 'pods')
    entities.push({
      kind: 'workload',
      name: shortened(`${space ?? '?'}/${target}`, maxValue),
      role: 'target',
    });
  return entities;
}

function kindOf(values: ReadonlyMap<string, string | undefined>): EntityRef['kind'] {
  if (values.get('k8s.pod.name') !== undefined) return 'workload';
  const isContainer = ['container.name', 'container.id'].some((name) => {
    const value = values.get(name);
    return value !== undefined && value !== 'host' && value !== '';
  });
  if (isContainer) return 'container';
  return values.get('ka.user.name') !== undefined && entityOf(values) !== undefined ? 'user' : 'host';
}

/** `198.51.100.7:40000->203.0.113.9:443` without the 40000: every connection of a program to a service is the same thing again. */
function withoutClientPort(value: string): string {
  return value.replace(/^(\S+):\d{1,5}->(\S+:\d{1,5})$/, '$1->$2');
}

function evidenceOf(values: ReadonlyMap<string, string | undefined>): Evidence[] {
  const known = [...values].filter((entry): entry is [string, string] => entry[1] !== undefined);
  return known.slice(0, maxEvidence).map(([name, value]) => ({ name, value: shortened(value, maxValue) }));
}

/** A value as text; undefined where the event had none. */
function plain(json: string): string | undefined {
  if (json === 'null') return undefined;
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
