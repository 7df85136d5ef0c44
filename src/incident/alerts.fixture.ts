import type { Alert, EntityRef, Finding } from '../detect/detector.ts';
import { AlertFolder } from '../detect/fold.ts';
import { type CorrelatorOptions, IncidentCorrelator } from './correlator.ts';
import { noon } from './incident.fixture.ts';
import type { Incident } from './incident.ts';

export const [minute, hour] = [60_000, 3_600_000];

/** `198.51.100.7` is an address, `shop/web` a workload, `user:alice` a user, anything else a host. */
export function entity(text: string, role: EntityRef['role']): EntityRef {
  const [, kind, name] = /^(user|process|container|domain|node|peer):(.*)$/.exec(text) ?? [];
  if (kind !== undefined && name !== undefined) return { kind: kind as EntityRef['kind'], name, role };
  if (/^[\d.]+$|:/.test(text)) return { kind: 'address', name: text, role };
  return { kind: text.includes('/') ? 'workload' : 'host', name: text, role };
}

/** What somebody did to somebody, `minutes` after noon. */
export function deed(
  minutes: number,
  actor: string,
  tactic: string,
  target: string,
  change: Partial<Finding> & { readonly began?: number } = {},
): Finding {
  const { began, ...rest } = change;
  return {
    detector: tactic.toLowerCase().replaceAll(' ', '-'),
    severity: 'medium',
    at: noon + minutes * minute,
    ...(began !== undefined && { beganAt: noon + began * minute }),
    entity: actor,
    entities: [entity(actor, 'actor'), entity(target, 'target')],
    fingerprint: `${tactic}|${actor}|${target}`,
    title: `${tactic} of ${actor} on ${target}`,
    explanation: 'It was seen.',
    evidence: [{ name: 'times', value: '100', expected: 'fewer than 5' }],
    techniques: [{ id: `T-${tactic}`, name: tactic, tactic }],
    flows: [],
    ...rest,
  };
}

/** Alerts and incidents of findings that are taken in the order of their times, as the agent does it. */
export class Watch {
  readonly correlator: IncidentCorrelator;
  readonly incidents = new Map<string, Incident>();
  readonly assigned = new Map<string, string>();
  readonly #folder: AlertFolder;
  #ids = 0;

  /** `alerts` are the ids of alerts that are used up. */
  constructor(options: Partial<CorrelatorOptions> = {}, alerts = 0) {
    this.correlator = new IncidentCorrelator({ newId: () => `i${++this.#ids}`, ...options });
    let last = alerts;
    this.#folder = new AlertFolder({ newId: () => `a${++last}`, lostBetween: () => 0 });
  }

  /** Takes findings; `settleEach` of them at a time. */
  see(findings: readonly Finding[], settleEach = 1): this {
    const inTime = [...findings].sort((one, other) => one.at - other.at);
    inTime.forEach((finding, at) => {
      this.take(this.#folder.fold(finding).alert);
      if (at % settleEach === settleEach - 1) this.settle();
    });
    return this.settle();
  }

  take(alert: Alert): void {
    this.correlator.take(alert);
  }

  settle(): this {
    const { changed, assigned } = this.correlator.settle();
    for (const incident of changed) this.incidents.set(incident.id, incident);
    for (const { id, incident } of assigned) if (incident !== undefined) this.assigned.set(id, incident);
    return this;
  }

  /** Incidents that are not part of another, with the fingerprints' deeds, as `actor tactic`. */
  get whole(): Incident[] {
    return [...this.incidents.values()].filter(({ resolution }) => resolution?.kind !== 'merged');
  }

  /** Who is in which incident together: titles of alerts, sorted. */
  partition(): string[] {
    return this.whole
      .map(({ alerts }) =>
        alerts
          .map(({ title }) => title)
          .sort()
          .join(' + '),
      )
      .sort();
  }
}

/**
 * An attacker outside scans plc and guesses a password there; from plc it goes to hmi, which calls out and sends data away. The beacon is known
 * for one only after six hours, and says when it began.
 */
export const attack: readonly Finding[] = [
  deed(0, '198.51.100.7', 'Discovery', 'plc', { title: 'Port scan: 198.51.100.7 tried 100 ports of plc' }),
  deed(8, '198.51.100.7', 'Credential Access', 'plc', {
    title: '198.51.100.7 guesses passwords of plc, and got in after 240 tries',
    severity: 'high',
    outcome: 'succeeded',
    began: 5,
  }),
  deed(25, 'plc', 'Lateral Movement', 'hmi', {
    title: 'Enforcement gap: plc reached hmi on tcp 445, which is forbidden',
    severity: 'high',
    outcome: 'succeeded',
  }),
  deed(31, 'plc', 'Lateral Movement', 'hmi', {
    title: 'Enforcement gap: plc reached hmi on tcp 5985, which is forbidden',
    fingerprint: 'winrm',
    severity: 'high',
    outcome: 'succeeded',
  }),
  deed(400, 'hmi', 'Command and Control', '203.0.113.66', {
    title: 'Beacon: hmi calls 203.0.113.66:443 about every 60 s',
    severity: 'high',
    began: 40,
  }),
  deed(420, 'hmi', 'Exfiltration', '203.0.113.66', {
    title: 'hmi sent 4 GB to 203.0.113.66',
    severity: 'high',
    began: 405,
    outcome: 'succeeded',
  }),
];

/** A day of what always happens: scanners at the same server, an updater that calls home from both, odd names, a client that fails. */
export function noise(): Finding[] {
  const findings: Finding[] = [];
  for (let n = 0; n < 96; n++) {
    const at = -720 + n * 15;
    findings.push(deed(at, `203.0.113.${100 + (n % 90)}`, 'Discovery', 'plc'));
    findings.push(
      deed(at + 3, `198.51.100.${100 + (n % 80)}`, 'Credential Access', 'plc', { outcome: 'failed' }),
    );
    findings.push(deed(at + 5, '192.0.2.53', 'Command and Control', `domain:d${n % 4}.example`));
    if (n % 8 === 0) findings.push(deed(at + 7, `shop/c${n}`, 'Command and Control', `domain:x${n}.example`));
  }
  for (const host of ['plc', 'hmi', 'shop/web'])
    for (let at = -300; at < 700; at += 50)
      findings.push(deed(at, host, 'Command and Control', '203.0.113.10', { began: -700 }));
  return findings;
}
