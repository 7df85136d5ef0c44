import { expect } from 'vitest';
import type { Direction, Reason, Verdict } from '../../flow/verdict.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { workloadName } from '../../segmentation/model.ts';
import type { StoredDirection, StoredGroup, StoredLine } from './stored-explanation.oracle.ts';

/** What a comparison found: reasons that name what the reference names, and those that say they cannot know. */
export interface ComparedReasons {
  readonly agreed: number;
  readonly doubted: number;
}

/** Compares the reason of each direction whose end is a pod; an end outside has none. Fails where they differ. */
export function compareReasons(
  what: string,
  { reasons }: Verdict,
  group: StoredGroup,
  ends: Readonly<Record<Direction, Endpoint>>,
): ComparedReasons {
  const count = { agreed: 0, doubted: 0 };
  for (const direction of ['egress', 'ingress'] as const) {
    const stored = group.directions[direction];
    const [reason, ...more] = reasons.filter((one) => one.direction === direction);
    expect(more, what).toEqual([]);
    const end = ends[direction];
    if (end.kind !== 'workload') {
      expect([reason, stored.lines], what).toEqual([undefined, []]);
      continue;
    }
    const told = `${what} ${direction}`;
    const subject = workloadName(end.workload);
    if (reason === undefined) expect.fail(`${told}: no reason`);
    else if (reason.outcome === 'unknown') {
      compareDoubt(told, reason, stored);
      count.doubted += 1;
    } else {
      compareReason(told, reason, stored, subject);
      count.agreed += 1;
    }
  }
  return count;
}

/** An address that no manifest tells: the object is the one that the reference takes to decide. */
function compareDoubt(what: string, reason: Reason, { lines }: StoredDirection): void {
  expect(reason.text, what).toContain('no manifest tells the address of');
  expect(
    lines.map(({ kind, name }) => `${kind} ${name}`),
    what,
  ).toContain(`${reason.object?.kind} ${objectName(reason)}`);
}

function compareReason(what: string, reason: Reason, stored: StoredDirection, subject: string): void {
  const { outcome, lines } = stored;
  expect(`${what} ${reason.outcome}`).toBe(`${what} ${outcome}`);
  const passed = /; passed on by (\w+) (\S+) \(.*?\), \S+ \((\S+)\)$/.exec(reason.text);
  const passedBy = passed === null ? [] : [`${passed[1]} ${passed[2]} ${passed[3]}`];
  const passes = lines.filter(({ does }) => does === 'passes');
  expect(passedBy, what).toEqual(passes.map((line) => `${line.kind} ${line.name} ${ruleOf(line)}`));

  const deciding = lines.filter(({ does }) => does !== 'passes');
  const isolating = deciding.filter(({ does }) => does === 'isolates' || does === 'misses');
  if (deciding.length === 0) {
    expect(reason.object, what).toBeUndefined();
    expect(`${reason.text},`, what).toContain(`no NetworkPolicy selects ${subject} for ${reason.direction},`);
  } else if (isolating.length === 0) {
    const listed = deciding.map((line) => `${line.kind} ${line.name} ${line.does} ${ruleOf(line)}`);
    expect(listed, what).toContain(decidedBy(reason));
  } else {
    expect(isolating, what).toEqual(deciding);
    compareIsolation(what, reason, isolating, subject);
  }
}

function compareIsolation(what: string, reason: Reason, lines: readonly StoredLine[], subject: string): void {
  const { direction } = reason;
  expect(isolatedBy(reason, subject), what).toEqual([...new Set(lines.map(({ name }) => name))].sort());
  const near = lines.filter(({ does }) => does === 'misses');
  const path = new RegExp(`${direction}\\[(\\d+)\\] allows`).exec(reason.text);
  const missed = path === null ? [] : [`${objectName(reason)} #${Number(path[1]) + 1}`];
  const listed = near.map((line) => `${line.name} ${ruleOf(line)}`);
  expect(missed.length, what).toBe(Math.min(near.length, 1));
  expect(listed, what).toEqual(expect.arrayContaining(missed));
  const empty = lines.every((line) => line.does === 'isolates' && line.rules === 'none');
  expect(`${reason.text};`.includes(`, and there is no ${direction} rule;`), what).toBe(empty);
}

/** The object and rule of a reason in the reference's words: by name in a cluster-wide policy, else counted from 1. */
function decidedBy(reason: Reason): string {
  const named = /\((\S+)\)$/.exec(reason.text.replace(/;.*/, ''))?.[1];
  const rule = reason.object?.kind === 'NetworkPolicy' ? `#${(reason.rule as number) + 1}` : named;
  const does = reason.outcome === 'allow' ? 'allows' : 'denies';
  return `${reason.object?.kind} ${objectName(reason)} ${does} ${rule}`;
}

/** The policies that a reason says isolate the pod, in order. */
function isolatedBy({ text, direction }: Reason, subject: string): string[] {
  const [, first, others] =
    /^NetworkPolicy (\S+) isolates (?:\S+ for \w+)(?: \(as do(?:es)? ([^)]+)\))?/.exec(text) ?? [];
  if (first === undefined || !text.includes(`isolates ${subject} for ${direction}`)) return [];
  return [first, ...(others?.split(', ') ?? [])].sort();
}

function objectName({ object }: Reason): string | undefined {
  return object?.namespace === undefined ? object?.name : `${object.namespace}/${object.name}`;
}

function ruleOf(line: StoredLine): string {
  return 'rule' in line ? line.rule : '';
}
