import { readFileSync } from 'node:fs';

/** A process has no more forebears than this between itself and sshd. */
const mostForebears = 32;

/**
 * Returns SSH_CONNECTION of this process, or of the nearest of its forebears that has one: sudo and su take it out of the
 * environment. Undefined where there is none, or their environment may not be read.
 */
export function findSshConnection(own: string | undefined): string | undefined {
  if (own) return own;
  let pid: number | undefined = process.ppid;
  for (let i = 0; i < mostForebears && pid !== undefined && pid > 1; i++) {
    const found = read(`/proc/${pid}/environ`)
      ?.split('\0')
      .find((line) => line.startsWith('SSH_CONNECTION='));
    if (found !== undefined) return found.slice('SSH_CONNECTION='.length);
    const parent: string | undefined = /^.*\) \S (\d+) /s.exec(read(`/proc/${pid}/stat`) ?? '')?.[1];
    pid = parent === undefined ? undefined : Number(parent);
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
