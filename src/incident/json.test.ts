import { expect, test } from 'vitest';
import { incident } from './incident.fixture.ts';
import { incidentFromJson, incidentToJson } from './json.ts';

test('an incident comes back from JSON as it was, with its version beside it', () => {
  const one = incident(1, { resolution: { kind: 'false-positive', at: 1, reason: 'our own scanner' } });
  const json = JSON.parse(JSON.stringify(incidentToJson(one)));
  expect(json.schemaVersion).toBe(1);
  expect(incidentFromJson(json)).toEqual(one);
});

test('what a later version wrote is refused', () => {
  const json = { ...incidentToJson(incident(1)), schemaVersion: 2 };
  expect(() => incidentFromJson(json as never)).toThrow('version 2');
});
