/**
 * Something that official rules look for, done by real programs. Each runs in a folder of its own that is its current directory, below
 * a path with `picket-bait` in it.
 */
export interface Behaviour {
  /** What it must raise, and nothing else; in the order of the rules files. */
  readonly raises: readonly string[];
  /** On the machine itself, in the container, or there with a terminal. */
  readonly where: 'host' | 'container' | 'terminal';
  /** Run by `sh -c`, or by `perl -e`. */
  readonly by: 'sh' | 'perl';
  readonly script: string;
  /** What makes the rule hold, where the script does not tell. */
  readonly why?: string;
  /**
   * Asked in a further run, with the rules of that run alone: it is switched off as shipped, or another rule that holds for the same
   * event goes before it.
   */
  readonly again?: 1 | 2;
}

type More = Pick<Behaviour, 'why' | 'again'>;

function behaviour(where: Behaviour['where'], by: Behaviour['by']) {
  return (raises: string | readonly string[], script: string, more: More = {}): Behaviour => ({
    raises: typeof raises === 'string' ? [raises] : raises,
    where,
    by,
    script,
    ...more,
  });
}

export const host: ReturnType<typeof behaviour> = behaviour('host', 'sh');
export const hostPerl: ReturnType<typeof behaviour> = behaviour('host', 'perl');
export const inside: ReturnType<typeof behaviour> = behaviour('container', 'sh');
export const insidePerl: ReturnType<typeof behaviour> = behaviour('container', 'perl');
export const atTerminal: ReturnType<typeof behaviour> = behaviour('terminal', 'sh');
