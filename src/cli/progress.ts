import type { Io } from './io.ts';

/** Tells how far long work has come. */
export interface Progress {
  /** To be called once per unit of work. */
  readonly step: () => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** Before this many milliseconds nothing is told; then the line is renewed as often. */
const patience = { first: 1_000, again: 200 };
/** Units of work between two looks at the clock. */
const stride = 1_024;

/** Counts work on one line of stderr when it takes longer than a second, on a terminal only. */
export function progress(io: Io, what: string, now: () => number = () => performance.now()): Progress {
  if (!io.errIsTerminal) return { step: () => {}, end: () => {} };
  let count = 0;
  let due = now() + patience.first;
  let shown = false;
  return {
    step: () => {
      count++;
      if (count % stride !== 0 || now() < due) return;
      due = now() + patience.again;
      shown = true;
      io.err(`\r${count.toLocaleString('en')} ${what}`);
    },
    end: () => {
      if (shown) io.err('\r\u001b[K');
      shown = false;
    },
  };
}
