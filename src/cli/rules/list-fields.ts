import type { Level } from '../../event/capabilities.ts';
import { findField } from '../../event/field.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import { printable, table } from '../table.ts';
import { eventSensors } from './event-sensors.ts';
import type { Listed } from './list-rules.ts';

/** A field that rules use, and which sensor gives it. */
export interface ListedField {
  readonly name: string;
  readonly source: string;
  /** How many of the rules use it. */
  readonly rules: number;
  /** In all types of events that its rules ask for and the sensor gives; `none` where it gives none of them. */
  readonly sensors: Readonly<Record<string, Level>>;
}

/** Returns the fields of rules, by name. */
export function listFields(
  rules: readonly Listed[],
  sources: ReadonlyMap<string, SourceCatalogue>,
): ListedField[] {
  const users = new Map<string, Listed[]>();
  for (const rule of rules) {
    for (const name of rule.fields) {
      const key = `${rule.source} ${name}`;
      const found = users.get(key);
      if (found === undefined) users.set(key, [rule]);
      else found.push(rule);
    }
  }
  return [...users]
    .map(([key, using]) => {
      const source = key.slice(0, key.indexOf(' '));
      const name = key.slice(source.length + 1);
      const catalogue = sources.get(source) as SourceCatalogue;
      const found = findField(catalogue.fields, name, undefined);
      const types = new Set(
        using.flatMap((rule) => (rule.types[0] === 'all' ? catalogue.types : rule.types)),
      );
      const sensors = (eventSensors.get(source) ?? []).map(({ id, type, field }) => {
        const levels = [...types]
          .filter((one) => type(one) !== 'none')
          .map((one) => field(one, found?.field.name ?? name, found?.argument));
        return [id, levels.length === 0 ? 'none' : worst(levels)] as const;
      });
      return { name, source, rules: using.length, sensors: Object.fromEntries(sensors) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function worst(levels: readonly Level[]): Level {
  const isAll = (level: Level) => levels.every((one) => one === level);
  return isAll('full') ? 'full' : isAll('none') ? 'none' : 'partial';
}

/** Returns the fields as a table for a terminal. */
export function fieldTable(fields: readonly ListedField[]): string {
  const word = (sensors: ListedField['sensors'], id: string) =>
    sensors[id] === 'none' && sensors[`${id}+containers`] === 'full' ? 'engine' : (sensors[id] ?? '');
  return table(
    ['field', 'source', 'rules', 'bpf', 'tracefs'],
    fields.map(({ name, source, rules, sensors }) =>
      [name, source, String(rules), word(sensors, 'bpf'), word(sensors, 'tracefs')].map(printable),
    ),
  );
}
