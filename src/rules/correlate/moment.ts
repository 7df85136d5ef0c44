import type { EventSource, Extract, Field } from '../../event/field.ts';
import { isoText } from '../../event/fields/time-text.ts';
import { keptValue, keyText, type Value } from './keys.ts';

/** What a correlation has to tell at the event that completes it. */
export interface Moment<E> {
  /** Undefined when it is completed by what did not come. */
  readonly event: E | undefined;
  /** What was kept of earlier events, step by step. */
  readonly kept: readonly (readonly Value[])[];
  readonly key: string;
  /** Nanoseconds since the epoch. */
  readonly firstTime: bigint;
  readonly time: bigint;
  readonly count: number;
  readonly suppressed: number;
}

/** The fields that are kept of the events of one step: those that somebody asks for later. */
export class KeptFields<E> {
  readonly #extracts: Extract<E>[] = [];
  readonly #slots = new Map<string, number>();

  /** Has a field kept from now on; returns its place among the values. */
  keep(name: string, argument: string | undefined, extract: Extract<E>): number {
    const key = JSON.stringify([name, argument]);
    const slot = this.#slots.get(key) ?? this.#extracts.push(extract) - 1;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Returns copies of the values of an event. */
  take(event: E): readonly Value[] {
    return this.#extracts.map((extract) => keptValue(extract(event)));
  }
}

/** A source whose events are moments: the source's own fields, those of earlier steps, and `correlation.*`. */
export interface MomentSource<E> extends EventSource<Moment<E>> {
  /** Filled while outputs and conditions over the source are bound. */
  readonly kept: readonly KeptFields<E>[];
}

/** What of a correlation decides which fields there are. */
export interface MomentShape {
  readonly kind: 'count' | 'sequence' | 'absence';
  /** Names of the steps whose events may be asked, those that came before. */
  readonly steps: readonly string[];
  /** Name of the step that completes it. */
  readonly last?: string | undefined;
}

/**
 * Returns the source of a correlation's output, or of a step's `where`: `%proc.name` is of the event that completes it (of an
 * absence: of the one that made it be expected), `%download.proc.name` of an earlier step, `%correlation.count` of the whole.
 */
export function momentSource<E>(source: EventSource<E>, { kind, steps, last }: MomentShape): MomentSource<E> {
  const kept = (kind === 'absence' ? [''] : steps).map(() => new KeptFields<E>());
  const own = [...source.fields.values()].map((field) =>
    kind === 'absence' ? keptField(field, field.name, 0, kept) : currentField(field),
  );
  const earlier = steps.flatMap((step, index) =>
    [...source.fields.values()].map((field) => keptField(field, `${step}.${field.name}`, index, kept)),
  );
  const current = last === undefined ? [] : own.map((field) => ({ ...field, name: `${last}.${field.name}` }));
  const fields = [...own, ...current, ...earlier, ...wholeFields<E>(kind)];
  return {
    id: source.id,
    fields: new Map(fields.map((field) => [field.name, field])),
    types: source.types,
    typeOf: ({ event }) => (event === undefined ? 0 : source.typeOf(event)),
    kept,
  };
}

function currentField<E>(field: Field<E>): Field<Moment<E>> {
  return {
    ...field,
    bind(argument) {
      const bound = field.bind(argument);
      return typeof bound === 'function' ? ({ event }) => bound(event as E) : bound;
    },
  };
}

function keptField<E>(
  field: Field<E>,
  name: string,
  step: number,
  kept: readonly KeptFields<E>[],
): Field<Moment<E>> {
  return {
    ...field,
    name,
    bind(argument) {
      const bound = field.bind(argument);
      if (typeof bound !== 'function') return bound;
      const slot = kept[step]?.keep(field.name, argument, bound) as number;
      return (moment) => moment.kept[step]?.[slot];
    },
  };
}

/** What may be asked of the whole, beside the fields of its events. */
export function wholeFields<E>(kind: MomentShape['kind']): readonly Field<Moment<E>>[] {
  const common = { values: 'one', onRight: true } as const;
  const fields: (Field<Moment<E>> | undefined)[] = [
    {
      ...common,
      name: 'correlation.key',
      type: 'string',
      doc: 'The values of the fields of `by`, separated by commas.',
      bind:
        () =>
        ({ key }) =>
          keyText(key),
    },
    {
      ...common,
      name: 'correlation.first_time',
      type: 'string',
      doc: 'When the first of its events was, as in RFC 3339.',
      bind:
        () =>
        ({ firstTime }) =>
          isoText(firstTime),
    },
    {
      ...common,
      name: 'correlation.duration',
      type: 'duration',
      doc: 'Nanoseconds from the first of its events to the last, or to when the one that did not come was due.',
      bind:
        () =>
        ({ firstTime, time }) =>
          Number(time - firstTime),
    },
    {
      ...common,
      name: 'correlation.suppressed',
      type: 'integer',
      doc: 'How often the same key was kept silent since its last alert.',
      bind:
        () =>
        ({ suppressed }) =>
          suppressed,
    },
    kind === 'count'
      ? {
          ...common,
          name: 'correlation.count',
          type: 'integer',
          doc: 'Events, or distinct values, that were counted: never more than `at_least`.',
          bind:
            () =>
            ({ count }) =>
              count,
        }
      : undefined,
  ];
  return fields.filter((field) => field !== undefined);
}
