import type { FlowAnswer, FlowGroup, FlowQuery } from './query.ts';

/** A group as it stands in JSON. */
export function groupJson({ by }: FlowQuery, { key, ...group }: FlowGroup): object {
  return { ...Object.fromEntries(by.map(({ name }, index) => [name, key[index]])), ...group };
}

/** The answer as it stands in JSON: values by their names, numbers as they are, times in ms since the epoch. */
export function answerJson(query: FlowQuery, { groups, ...answer }: FlowAnswer): object {
  return {
    schemaVersion: 1,
    by: query.by.map(({ name }) => name),
    order: query.order,
    groups: groups.map((group) => groupJson(query, group)),
    ...answer,
  };
}
