import { setTimeout as pause } from 'node:timers/promises';
import { AlreadyEnded, ChangePending, type PendingChange } from '../../enforce/commit/change-log.ts';
import { rollBack, type StartedChange, startChange } from '../../enforce/commit/commit-change.ts';
import { StalePlan } from '../../enforce/enforcer.ts';
import { lookAt, type Probe, type ProbeResult, probesFor } from '../../enforce/machine/probes.ts';
import { FailedError, type Invocation, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { parseDuration } from '../time.ts';
import type { FirewallControl } from './control.ts';
import type { DesiredState } from './desired.ts';
import { acceptedRisks, adminsOf, probesOf } from './options.ts';
import { makePlan, type PlanReport } from './plan-report.ts';
import { type ApplyOutput, planJson } from './report-json.ts';
import { cutText, refusalText, refusedCuts } from './report-text.ts';

/** Others, kube-proxy say, change their tables now and then: the plan is made anew so often. */
const mostPlans = 5;
/** Probes must work so many times in a row, so long apart. Milliseconds. */
const [steadyTimes, steadyMs] = [3, 500];
/** A time to confirm in; less than this is over before anybody has read the question. Milliseconds. */
const [leastConfirmMs, mostConfirmMs] = [2_000, 86_400_000];

/** What an apply came to, and what was planned. */
export interface Applied {
  readonly output: ApplyOutput;
  readonly report: PlanReport;
}

/**
 * Makes a change as far as it may be: planned, looked at by the second checker, applied with a timer that undoes it, probed, and confirmed as
 * the options say. `told` is called with the plan before anything happens. Throws UsageError, FailedError, and what the enforcer throws.
 */
export async function applyDesired(
  control: FirewallControl,
  desired: DesiredState,
  options: Invocation['options'],
  io: Io,
  told: (report: PlanReport) => void,
): Promise<Applied> {
  const accepted = acceptedRisks(options);
  const admins = [...adminsOf(options), ...desired.admins];
  const targets = probesOf(options);
  const confirmMs = confirmTime(options);
  const pending = control.log.pending();
  if (pending !== undefined) throw waiting(new ChangePending(pending));
  const plan = () => makePlan(control, desired, admins, options, io);
  let report = await plan();
  told(report);
  const none = { schemaVersion: 1 as const, probes: [] };
  if (report.change.isEmpty) return { report, output: { ...none, outcome: 'nothing' } };
  const refused = (): Applied | undefined => {
    const cuts = refusedCuts(report.cuts, accepted);
    if (cuts.length === 0) return undefined;
    io.err(refusalText(cuts, io.errStyle));
    return { report, output: { ...none, outcome: 'refused', why: cuts.map(cutText).join('; ') } };
  };
  const first = refused();
  if (first !== undefined) return first;
  const probes = await workingProbes(
    options,
    probesFor(control.runner, await control.machine(admins), targets),
    io,
  );
  for (let tries = 1; ; tries++) {
    try {
      const started = await startChange(control, report.change, {
        user: control.user,
        reason: typeof options.reason === 'string' ? options.reason : desired.source,
        acceptedRisks: accepted,
        confirmWithin: confirmMs / 1000,
      });
      return { report, output: await keep(control, started, probes, options, io) };
    } catch (error) {
      if (error instanceof ChangePending) throw waiting(error);
      if (!(error instanceof StalePlan) || error.what === 'own' || tries === mostPlans) throw error;
      report = await plan();
      const now = refused();
      if (now !== undefined) return now;
    }
  }
}

/** Looks whether all is as before, and has the change confirmed; else the old state comes back. */
async function keep(
  control: FirewallControl,
  { pending }: StartedChange,
  probes: readonly Probe[],
  options: Invocation['options'],
  io: Io,
): Promise<ApplyOutput> {
  const { change, until } = pending;
  const base = { schemaVersion: 1, change } as const;
  const results = await steadily(probes);
  const broken = results.filter(({ works }) => !works).map(({ title }) => title);
  if (broken.length > 0) {
    const why = `no longer reached: ${broken.join(', ')}`;
    await back(control, pending, 'probe', why);
    io.err(`${io.errStyle(['red', 'bold'], 'rolled back')}: ${why}\n`);
    return { ...base, outcome: 'rolled back', why, probes: results };
  }
  if (options.confirmBy !== 'person') {
    control.log.confirm(pending, options.confirmBy === 'probe' ? 'probe' : control.user);
    return { ...base, outcome: 'confirmed', probes: results };
  }
  if (!io.canAsk) return { ...base, outcome: 'waiting', until, probes: results };
  return { ...(await askToKeep(control, pending, io)), probes: results };
}

async function askToKeep(
  control: FirewallControl,
  pending: PendingChange,
  io: Io,
): Promise<Omit<ApplyOutput, 'probes'>> {
  const { change, until } = pending;
  const left = Date.parse(until) - Date.now();
  const question = `change ${change} is in force for ${Math.round(left / 1000)} s. Keep it? Type yes: `;
  const answer = await io.ask(question, Math.max(1, left));
  try {
    if (answer?.trim().toLowerCase() === 'yes') {
      control.log.confirm(pending, control.user);
      return { schemaVersion: 1, outcome: 'confirmed', change };
    }
    await back(control, pending, control.user, answer === undefined ? 'no answer' : 'the answer was not yes');
  } catch (error) {
    if (!(error instanceof AlreadyEnded)) throw error;
  }
  return {
    schemaVersion: 1,
    outcome: 'rolled back',
    change,
    why: answer === undefined ? 'no answer' : 'not confirmed',
  };
}

/** Puts back the old state, unless the timer was faster. */
async function back(
  control: FirewallControl,
  pending: PendingChange,
  by: string,
  why: string,
): Promise<void> {
  try {
    await rollBack(control, pending, by, why);
  } catch (error) {
    if (!(error instanceof AlreadyEnded)) throw error;
  }
}

/** What works now is what must work afterwards. Throws FailedError where a probe is to confirm and there is none. */
async function workingProbes(
  { confirmBy }: Invocation['options'],
  probes: readonly Probe[],
  io: Io,
): Promise<Probe[]> {
  const now = await lookAt(probes);
  for (const { title } of now.filter(({ works }) => !works))
    io.err(
      `${io.errStyle('yellow', 'note')}: ${title} is not reached before the change either, so it proves nothing\n`,
    );
  const working = probes.filter((_, number) => now[number]?.works);
  if (confirmBy === 'probe' && working.length === 0)
    throw new FailedError(
      'the change is to be confirmed by probes, and none works now',
      'name one that does with --probe HOST:PORT',
    );
  return working;
}

/** Returns the last results: of the round that failed first, or of so many that worked. */
async function steadily(probes: readonly Probe[]): Promise<ProbeResult[]> {
  let results: ProbeResult[] = [];
  for (let round = 0; round < steadyTimes && probes.length > 0; round++) {
    if (round > 0) await pause(steadyMs);
    results = await lookAt(probes);
    if (results.some(({ works }) => !works)) return results;
  }
  return results;
}

function confirmTime({ confirm }: Invocation['options']): number {
  const time = parseDuration(String(confirm));
  if (time < leastConfirmMs || time > mostConfirmMs)
    throw new UsageError(`--confirm ${confirm} is not from 2s to 24h`, 'write 60s or 10m');
  return time;
}

function waiting({ message }: ChangePending): FailedError {
  return new FailedError(message, 'picket confirm keeps it, picket rollback ends it');
}

/** Returns the JSON of what was done. */
export function appliedJson({ output, report }: Applied): ApplyOutput {
  return { ...output, plan: planJson(report) };
}
