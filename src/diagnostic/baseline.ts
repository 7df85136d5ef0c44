import type { Diagnostic } from './diagnostic.ts';

/** Findings that a team has accepted for now, so that only new ones are shown. Lines are left out: they move. */
export interface Baseline {
  readonly schemaVersion: 1;
  readonly findings: readonly BaselineFinding[];
}

export interface BaselineFinding {
  readonly code: string;
  readonly file: string;
  readonly message: string;
  /** How many of them there are in the file. */
  readonly count: number;
}

/** Findings beside a baseline. */
export interface Compared {
  /** Not in the baseline: more of the same kind than it counts, the last ones in reading order. */
  readonly fresh: readonly Diagnostic[];
  readonly known: readonly Diagnostic[];
  /** What the baseline holds and nobody finds any more, with how many are gone. */
  readonly gone: readonly BaselineFinding[];
}

/** Returns the baseline that holds exactly these findings, in a stable order. */
export function baselineOf(diagnostics: readonly Diagnostic[]): Baseline {
  const counted = new Map<string, BaselineFinding>();
  for (const { code, span, message } of diagnostics) {
    const finding = { code, file: span?.file ?? '', message };
    const key = keyOf(finding);
    counted.set(key, { ...finding, count: (counted.get(key)?.count ?? 0) + 1 });
  }
  const order = (x: BaselineFinding, y: BaselineFinding) =>
    compare(x.file, y.file) || compare(x.code, y.code);
  return {
    schemaVersion: 1,
    findings: [...counted.values()].sort((x, y) => order(x, y) || compare(x.message, y.message)),
  };
}

/** Returns a value as a baseline, or undefined when it is none. */
export function readBaseline(value: unknown): Baseline | undefined {
  const { schemaVersion, findings } = (value ?? {}) as { schemaVersion?: unknown; findings?: unknown };
  if (schemaVersion !== 1 || !Array.isArray(findings)) return undefined;
  const sound = findings.every((one: Record<string, unknown> | null) => {
    const texts = [one?.code, one?.file, one?.message];
    return texts.every((text) => typeof text === 'string') && Number.isInteger(one?.count);
  });
  return sound ? { schemaVersion, findings: findings as BaselineFinding[] } : undefined;
}

/** Returns which findings are new beside a baseline, and which are gone. */
export function compareWithBaseline(diagnostics: readonly Diagnostic[], baseline: Baseline): Compared {
  const left = new Map<string, number>();
  for (const finding of baseline.findings) {
    left.set(keyOf(finding), (left.get(keyOf(finding)) ?? 0) + finding.count);
  }
  const fresh: Diagnostic[] = [];
  const known: Diagnostic[] = [];
  for (const diagnostic of diagnostics) {
    const { code, span, message } = diagnostic;
    const key = keyOf({ code, file: span?.file ?? '', message });
    const count = left.get(key) ?? 0;
    (count > 0 ? known : fresh).push(diagnostic);
    left.set(key, count - 1);
  }
  const gone = baseline.findings.flatMap((finding) => {
    const count = Math.min(finding.count, left.get(keyOf(finding)) ?? 0);
    return count > 0 ? [{ ...finding, count }] : [];
  });
  return { fresh, known, gone };
}

function keyOf({ code, file, message }: Omit<BaselineFinding, 'count'>): string {
  return JSON.stringify([code, file, message]);
}

function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
