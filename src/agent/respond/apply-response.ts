import { lookAt, type Probe, type ProbeResult } from '../../enforce/machine/probes.ts';
import type { RespondTable } from '../../enforce/respond/respond-table.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { Response } from '../../respond/model.ts';
import type { ProtectedSet } from '../../respond/protected-set.ts';
import type { ResponseLog } from './response-log.ts';

/** The kernel ends a response by itself after this time unless the probes have agreed to it. Seconds. */
export const probationSeconds = 30;
/** How long the cut may wait for what is reached before it. ms. */
const beforeMs = 400;
/** Probes have so long altogether: less than the probation. ms. */
const afterMs = 10_000;

/** What a response is put in force with. */
export interface ApplyParts {
  readonly log: ResponseLog;
  readonly table: RespondTable;
  /** What must work afterwards if it did before. */
  readonly probes: readonly Probe[];
  /** Who is protected, as it is at that moment. */
  protectedNow(): Promise<Pick<ProtectedSet, 'why'>>;
  now(): number;
  /** Tells whether there was a panic: nothing may be put in force then. */
  isHeld(): boolean;
}

/** A response that is in force on probation. */
export interface Probation {
  readonly response: Response;
  /** Those that worked before. */
  readonly probes: readonly Probe[];
}

/**
 * Puts a response in force on probation: first what takes it back is on the disk, then the kernel gets it with a short time, so that it ends by itself
 * whatever becomes of Picket. Throws an Error where it cannot be written down, with nothing changed; undefined where the kernel does not take it.
 */
export async function beginResponse(
  { log, table, probes, isHeld }: ApplyParts,
  { id, action }: Response,
  by: string,
): Promise<Probation | undefined> {
  const before = await lookAt(probes, beforeMs);
  if (isHeld()) throw new Error('nothing is done since the panic');
  log.record({ event: 'begun', id, by });
  try {
    await table.put(action, id, probationSeconds);
  } catch (error) {
    log.record({ event: 'failed', id, by: 'picket', why: (error as Error).message });
    return undefined;
  }
  // A panic may have come while the kernel was at it.
  if (isHeld()) await table.remove(action, id);
  const response = log.get(id)!;
  return { response, probes: probes.filter((_, at) => before[at]?.works) };
}

/**
 * Looks whether a response on probation does what it should and nothing else broke; makes it last if so, and takes it back at once if not.
 * Nothing where somebody took it back meanwhile. Throws an Error where what came of it cannot be written down: then it is taken back, too.
 */
export async function endProbation(parts: ApplyParts, { response, probes }: Probation): Promise<void> {
  const { log, table, now } = parts;
  const { id, action } = response;
  void table.forget(action);
  const isOpen = () => log.get(id)?.state === 'applying';
  let why: string | undefined;
  try {
    const found = await inTime(lookAround(parts, response, probes));
    if (!isOpen()) return;
    log.record({ event: 'probed', id, by: 'picket', probes: [...found.results] });
    why = found.why;
    if (why === undefined) {
      if (await table.extend(action, id, action.seconds)) {
        if (!isOpen()) return;
        log.record({ event: 'applied', id, by: 'picket', expiresAt: now() + action.seconds * 1000 });
        return;
      }
      why = 'its probation was over before the probes had agreed';
    }
  } catch (error) {
    why = (error as Error).message;
  }
  await table.remove(action, id);
  if (isOpen()) log.record({ event: 'undone', id, by: 'picket', why });
}

interface Found {
  readonly results: readonly ProbeResult[];
  /** Why it is to be taken back. */
  readonly why?: string;
}

async function lookAround(
  parts: ApplyParts,
  { id, action }: Response,
  probes: readonly Probe[],
): Promise<Found> {
  const results = await lookAt(probes);
  const inForce = (await parts.table.inForce()).has(id);
  const whose = (await parts.protectedNow()).why(parsePrefix(action.prefix)!);
  const broken = results.filter(({ works }) => !works).map(({ title }) => title);
  const all = [
    ...results.map(({ title, works }) => ({ title, works })),
    { title: 'the kernel has it', works: inForce },
  ];
  if (!inForce) return { results: all, why: 'the kernel does not have it' };
  if (whose !== undefined) return { results: all, why: `it is protected by now: ${whose}` };
  return broken.length > 0
    ? { results: all, why: `no longer reached: ${broken.join(', ')}` }
    : { results: all };
}

/** Rejects where it takes too long. */
async function inTime(work: Promise<Found>): Promise<Found> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the probes took too long')), afterMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
