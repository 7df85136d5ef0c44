import { eventTypeNumber, parameterIndex } from '../../event-types.ts';
import type { RawEvent, RawValue } from '../../raw-event.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Thread } from '../thread.ts';

/** The tables that events change. */
export interface Tables {
  thread(tid: number): Thread | undefined;
  add(thread: Thread): void;
  remove(tid: number): void;
  open(thread: Thread, fd: number, opened: Descriptor): void;
  /** Does something once the fields of the current event have been asked. */
  afterwards(action: () => void): void;
}

/** The value of a parameter by its name. */
export type Get = (name: string) => RawValue | undefined;

/** What calls change: before the fields of their event are asked. */
export interface CallUpdate {
  readonly names: readonly string[];
  readonly update: (tables: Tables, get: Get, thread: Thread, raw: RawEvent) => void;
}

/** What an event of one type changes. */
export type Update = (tables: Tables, raw: RawEvent, thread: Thread) => void;

export function on(names: readonly string[], update: CallUpdate['update']): CallUpdate {
  return { names, update };
}

/** Returns what events change, by the number of their type. */
export function byType(updates: readonly CallUpdate[]): readonly (Update | undefined)[] {
  const table: (Update | undefined)[] = [];
  for (const { names, update } of updates) {
    for (const name of names) {
      const type = eventTypeNumber(name) as number;
      let current: RawEvent['params'] = [];
      const get: Get = (parameter) => {
        const index = parameterIndex(type, parameter);
        return index === undefined ? undefined : current[index];
      };
      table[type] = (tables, raw, thread) => {
        current = raw.params;
        update(tables, get, thread, raw);
      };
    }
  }
  return table;
}

/** Returns a text; undefined for what is none. */
export function textOf(value: RawValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
