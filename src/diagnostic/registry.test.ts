import { expect, test } from 'vitest';
import type { CodeDefinition } from './diagnostic.ts';
import { CodeRegistry } from './registry.ts';

function definition(code: string): CodeDefinition {
  const rest = { title: code, class: 'schema', severity: 'error', since: '0.1.0', doc: '' } as const;
  return { code: code as CodeDefinition['code'], ...rest };
}

const registry = new CodeRegistry([[definition('PKT0200')], [definition('PKT0001'), definition('PKT0021')]]);

test('codes of all lists are found, in order, letter case free', () => {
  expect(registry.all().map(({ code }) => code)).toEqual(['PKT0001', 'PKT0021', 'PKT0200']);
  expect(registry.get('pkt0021')?.code).toBe('PKT0021');
  expect(registry.get('PKT9999')).toBeUndefined();
});

test.each(['21', 'PKT21', 'PKT0012', 'PTK0021', 'PKT021'])('%s suggests PKT0021', (given) =>
  expect(registry.nearest(given)).toBe('PKT0021'),
);

test('duplicate and malformed codes are refused', () => {
  expect(() => new CodeRegistry([[definition('PKT0001')], [definition('PKT0001')]])).toThrow('twice');
  expect(() => new CodeRegistry([[definition('PKT1')]])).toThrow('malformed');
});
