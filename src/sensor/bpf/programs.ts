import { closeSync, readFileSync } from 'node:fs';
import { eventTypeNumber, eventTypes } from '../../event/event-types.ts';
import type { Btf } from './btf.ts';
import { callOf, numbersX64 } from './calls.ts';
import { functionTypes } from './function-types.ts';
import {
  attach,
  createArray,
  createRingBuffer,
  loadProgram,
  loadTypes,
  lookUp,
  skippedRuns,
} from './kernel.ts';
import { RecordProgram, scratchBytes } from './program.ts';
import { systemCallProgram } from './system-calls.ts';
import { execProgram, exitProgram, forkProgram } from './task-programs.ts';

/** Programs at work. They and their maps are gone when the descriptors are closed, as when the process dies. */
export interface Attached {
  readonly ring: number;
  /** Lost records by type of event; under `skipped` runs of programs that the kernel left out, whose type is not known. */
  lost(): Map<string, number>;
  close(): void;
}

/** Loads and attaches the programs for these types of events. Throws an Error when the kernel refuses. */
export function attachPrograms(
  btf: Btf,
  types: ReadonlySet<string>,
  options: { readonly ringBytes: number; readonly muted: number },
): Attached {
  const open: number[] = [];
  const keep = (fd: number): number => {
    open.push(fd);
    return fd;
  };
  const close = (): void => {
    for (const fd of open.splice(0).reverse()) closeSync(fd);
  };
  try {
    const ring = keep(createRingBuffer(options.ringBytes));
    const lost = keep(createArray(eventTypes.length * 8, 1));
    const programs: number[] = [];
    const load = (tracepoint: string, write: (program: RecordProgram) => void): void => {
      const number = btf.typedef(`btf_trace_${tracepoint}`);
      if (number === undefined) throw new Error(`this kernel has no tracepoint ${tracepoint}`);
      // One for each program: where the kernel lets one interrupt another, neither writes into the other's record.
      const scratch = keep(createArray(scratchBytes, processors()));
      const program = new RecordProgram(btf, { ring, scratch, lost }, options.muted);
      write(program);
      const code = program.code.assemble();
      const types = loadTypes(functionTypes(program.functions));
      try {
        const loaded = keep(loadProgram(tracepoint, code, number, { types, functions: program.functions }));
        programs.push(loaded);
        keep(attach(loaded));
      } finally {
        closeSync(types);
      }
    };
    const wanted = [...types]
      .filter((name) => numbersX64[name] !== undefined && callOf(name) !== undefined)
      .map((name) => ({ name, type: eventTypeNumber(name) as number }));
    const count = eventTypes.length;
    load('sched_process_fork', (program) => forkProgram(program, eventTypeNumber('clone') as number, count));
    load('sched_process_exec', (program) => execProgram(program, eventTypeNumber('execve') as number, count));
    load('sched_process_exit', (program) =>
      exitProgram(program, eventTypeNumber('procexit') as number, count),
    );
    load('sys_exit', (program) => systemCallProgram(program, wanted, count));
    return {
      ring,
      lost() {
        const view = lookUp(lost, 0, count * 8);
        const entries = eventTypes.map(
          (name, type) => [name, Number(view.getBigUint64(type * 8, true))] as const,
        );
        const skipped = programs.reduce((sum, program) => sum + skippedRuns(program), 0);
        return new Map([...entries, ['skipped', skipped] as const].filter(([, number]) => number > 0));
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * One more than the highest number that a processor of this machine can ever have (Documentation/admin-guide/cputopology.rst). Not how many
 * this process may use: calls on the others would go unseen, and not be counted as lost.
 */
function processors(): number {
  const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
  return Number(last?.[1] ?? 0) + 1;
}
