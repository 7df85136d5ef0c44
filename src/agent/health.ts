import type { ExceptionStatus } from '../detect/settings/exceptions.ts';
import type { StoreHealth } from '../store/store.ts';
import { flowExportHealth } from './flow-export-health.ts';
import type { FlowExportStatus } from './flow-exports.ts';
import { outputHealth } from './output-health.ts';
import type { RulesStatus } from './rules/rule-alerts.ts';
import type { HealthItem, Status } from './status.ts';

/** What the agent's health is judged from. */
export interface Vitals {
  readonly now: number;
  readonly sensors: Status['sensors'];
  readonly lost: { readonly total: number; readonly latest: number | undefined };
  readonly store: StoreHealth;
  readonly clockBehind: number;
  readonly posture: Status['posture'];
  readonly evictedFlows: number;
  readonly streamDropped: number;
  /** Endpoints that could not be opened, in words. */
  readonly unserved: readonly string[];
  /** Undefined where no flows are sent on. */
  readonly flowExports: readonly FlowExportStatus[] | undefined;
  /** Undefined where no rules are asked. */
  readonly rules: RulesStatus | undefined;
  /** Undefined where Picket has no packet filter here. */
  readonly packetFilter: HealthItem | undefined;
  readonly exceptions: readonly ExceptionStatus[];
}

/** A loss is shown as a warning for this long after the last record was lost (ms). */
const lossWarning = 10 * 60_000;

/** A number with its noun. Grouped by hand: Intl's tables would cost the agent 7 MB of memory. */
const count = (n: number, noun: string) =>
  `${String(n).replace(/\B(?=(\d{3})+$)/g, ',')} ${noun}${n === 1 ? '' : 's'}`;

/** Judges every named condition of the agent; the list and its order are the same at every call of one agent. */
export function judgeHealth(vitals: Vitals): readonly HealthItem[] {
  return [
    sensing(vitals),
    losses(vitals),
    storing(vitals),
    time(vitals),
    declared(vitals),
    flows(vitals),
    serving(vitals),
    ...(vitals.flowExports === undefined ? [] : [flowExportHealth(vitals.flowExports, vitals.now)]),
    ...(vitals.rules === undefined
      ? []
      : [asking(vitals.rules), outputHealth(vitals.rules.outputs, vitals.now)]),
    ...(vitals.packetFilter === undefined ? [] : [vitals.packetFilter]),
    ...(vitals.exceptions.length === 0 ? [] : [excepting(vitals.exceptions)]),
  ];
}

function sensing({ sensors }: Vitals): HealthItem {
  const running = sensors.filter(({ state }) => state === 'running');
  const broken = sensors.filter(({ state }) => state !== 'running');
  if (running.length === 0) {
    return {
      id: 'sensors',
      state: 'failing',
      text: `no live connections are seen: ${broken.map(({ id, detail }) => `${id}: ${detail}`).join('; ') || 'there is no sensor'}`,
      help: 'picket doctor says what each sensor needs',
    };
  }
  if (broken.length > 0) {
    return {
      id: 'sensors',
      state: 'warning',
      text: broken.map(({ id, detail }) => `${id}: ${detail}`).join('; '),
    };
  }
  return { id: 'sensors', state: 'ok', text: `watching through ${running.map(({ id }) => id).join(', ')}` };
}

function losses({ lost, now }: Vitals): HealthItem {
  if (lost.total === 0 || lost.latest === undefined) {
    return { id: 'events-lost', state: 'ok', text: 'no kernel record was lost' };
  }
  const recent = now - lost.latest < lossWarning;
  return {
    id: 'events-lost',
    state: recent ? 'warning' : 'ok',
    text: `${count(lost.total, 'kernel record')} lost since start, the last ${Math.max(0, Math.round((now - lost.latest) / 1000))} s ago`,
    ...(recent
      ? { help: 'alerts raised meanwhile say so; a larger kernel buffer (--buffer-kb) loses less' }
      : {}),
  };
}

function storing({ store }: Vitals): HealthItem {
  if (store.state === 'failing') {
    return {
      id: 'store',
      state: 'failing',
      text: `records cannot be written (${store.error ?? 'unknown reason'}), ${count(store.lost, 'record')} lost so far; detection goes on`,
      help: 'free some disk space, or name another folder with --state',
    };
  }
  const lost = store.lost > 0 ? `; ${count(store.lost, 'record')} lost earlier` : '';
  return {
    id: 'store',
    state: 'ok',
    text: `${count(store.flows, 'flow')} and ${count(store.alerts, 'alert')} kept${lost}`,
  };
}

function time({ clockBehind }: Vitals): HealthItem {
  if (clockBehind === 0) return { id: 'clock', state: 'ok', text: 'the system clock runs steadily' };
  return {
    id: 'clock',
    state: 'warning',
    text: `the system clock was set back by ${Math.round(clockBehind / 1000)} s; recorded times go on from before the step`,
    help: 'restart picket to take over the new time',
  };
}

function declared({ posture }: Vitals): HealthItem {
  if (posture.files === 0) {
    return {
      id: 'manifests',
      state: 'ok',
      text: 'nothing is declared: no connection can be judged, scans are detected all the same',
      help: 'name your manifests with --manifests',
    };
  }
  if (posture.errors > 0) {
    return {
      id: 'manifests',
      state: 'warning',
      text: `the manifests have ${count(posture.errors, 'error')}: verdicts that rest on them are unknown`,
      help: 'picket check shows them',
    };
  }
  return {
    id: 'manifests',
    state: 'ok',
    text: `${count(posture.files, 'file')} declare ${count(posture.workloads, 'workload')} and ${posture.policies} polic${posture.policies === 1 ? 'y' : 'ies'}`,
  };
}

function flows({ evictedFlows }: Vitals): HealthItem {
  if (evictedFlows === 0) return { id: 'flow-table', state: 'ok', text: 'every connection is tracked' };
  return {
    id: 'flow-table',
    state: 'warning',
    text: `${count(evictedFlows, 'connection')} dropped from the full flow table`,
    help: 'something opens very many connections; the alerts may say who',
  };
}

function serving({ unserved, streamDropped }: Vitals): HealthItem {
  if (unserved.length > 0) {
    return {
      id: 'endpoints',
      state: 'warning',
      text: unserved.join('; '),
      help: 'choose another with --listen or --metrics-listen',
    };
  }
  const dropped = streamDropped > 0 ? `; ${count(streamDropped, 'message')} skipped for slow viewers` : '';
  return { id: 'endpoints', state: 'ok', text: `page, API and metrics are served${dropped}` };
}

function asking({ sources }: RulesStatus): HealthItem {
  const failed = sources.filter(({ state }) => state === 'failed');
  if (failed.length > 0) {
    return {
      id: 'rules',
      state: 'failing',
      text: failed.map(({ id, detail }) => `rules on ${id} are not asked: ${detail}`).join('; '),
      help: 'restart picket; picket doctor says what is missing',
    };
  }
  const asked = sources.map(
    ({ id, rules, events }) => `${count(rules, 'rule')} on ${id} (${count(events, 'event')})`,
  );
  return { id: 'rules', state: 'ok', text: asked.join(', ') || 'no rules are asked' };
}

function excepting(exceptions: readonly ExceptionStatus[]): HealthItem {
  const heldBack = exceptions.reduce((sum, one) => sum + one.heldBack, 0);
  const text = `${count(exceptions.length, 'exception')} held back ${count(heldBack, 'finding')} so far`;
  const expired = exceptions.filter(({ isExpired }) => isExpired);
  if (expired.length === 0) return { id: 'exceptions', state: 'ok', text };
  const [{ detector, filter, place }] = expired as [ExceptionStatus];
  const more = expired.length > 1 ? ` and ${expired.length - 1} more` : '';
  return {
    id: 'exceptions',
    state: 'warning',
    text: `${text}; expired: ${detector}, ${filter} (${place})${more}`,
    help: 'take it out of the site file, or give it a new `until` if its reason still holds',
  };
}
