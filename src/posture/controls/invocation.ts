import type { Placed } from './placed.ts';

/** What a command line runs, with wrappers such as `nsenter` and `chroot` looked through. */
export type Invocation = {
  /** Programs around it, outermost first, e.g. `nsenter`: what it does may concern the node. */
  readonly wrappers: readonly string[];
} & (
  | {
      readonly kind: 'inline';
      readonly shell: string;
      readonly errexit: boolean;
      readonly script: Placed<string>;
    }
  | {
      readonly kind: 'file';
      readonly shell: string;
      readonly errexit: boolean;
      readonly file: Placed<string>;
    }
  | { readonly kind: 'program'; readonly argv: readonly [Placed<string>, ...Placed<string>[]] }
);

const SHELLS = new Set(['sh', 'bash', 'ash', 'dash', 'ksh', 'mksh', 'zsh']);

/** Programs that run another one, and how many operands of their own come before it. */
const WRAPPERS: ReadonlyMap<string, number> = new Map([
  ['busybox', 0],
  ['chroot', 1],
  ['dumb-init', 0],
  ['env', 0],
  ['exec', 0],
  ['ionice', 0],
  ['nice', 0],
  ['nohup', 0],
  ['nsenter', 0],
  ['setsid', 0],
  ['stdbuf', 0],
  ['su-exec', 1],
  ['sudo', 0],
  ['tini', 0],
  ['timeout', 1],
  ['unshare', 0],
]);

/** Returns what the words of a command line run; undefined when there are none. */
export function readInvocation(words: readonly Placed<string>[]): Invocation | undefined {
  const wrappers: string[] = [];
  let rest = words;
  for (;;) {
    const name = baseName(rest[0]?.value ?? '');
    const operands = WRAPPERS.get(name);
    if (operands === undefined) break;
    const inner = afterWrapper(rest, operands);
    if (inner.length === 0) break;
    wrappers.push(name);
    rest = inner;
  }
  const [program, ...others] = rest;
  if (program === undefined) return undefined;
  const shell = baseName(program.value);
  if (!SHELLS.has(shell)) return { kind: 'program', wrappers, argv: [program, ...others] };
  return readShell(shell, wrappers, others) ?? { kind: 'program', wrappers, argv: [program, ...others] };
}

/** Returns the last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Returns whether a program of this name is a shell. */
export function isShell(name: string): boolean {
  return SHELLS.has(name);
}

/** The words after a wrapper: behind `--`, or behind its options, numbers, assignments and operands. */
function afterWrapper(words: readonly Placed<string>[], operands: number): readonly Placed<string>[] {
  let left = operands;
  for (let at = 1; at < words.length; at++) {
    const { value } = words[at]!;
    if (value === '--') return words.slice(at + 1);
    if (value.startsWith('-') || /^\w+=/.test(value)) continue;
    if (left > 0) left--;
    else if (!/^\d+$/.test(value)) return words.slice(at);
  }
  return [];
}

/** Options of a shell (POSIX sh, `sh [-abCefhimnuvx] [-o option] [-c] …`), then its script. */
function readShell(
  shell: string,
  wrappers: readonly string[],
  words: readonly Placed<string>[],
): Invocation | undefined {
  let errexit = false;
  let inline = false;
  let at = 0;
  for (; at < words.length; at++) {
    const { value } = words[at]!;
    if (value === '--') {
      at++;
      break;
    }
    if (!/^[-+]./.test(value)) break;
    if (value.startsWith('--')) continue;
    if (value.includes('c')) inline ||= value.startsWith('-');
    if (value.includes('e')) errexit = value.startsWith('-');
    if (value.includes('o')) {
      at++;
      if (words[at]?.value === 'errexit') errexit = value.startsWith('-');
    }
  }
  const operand = words[at];
  if (operand === undefined) return undefined;
  return inline
    ? { kind: 'inline', wrappers, shell, errexit, script: operand }
    : { kind: 'file', wrappers, shell, errexit, file: operand };
}
