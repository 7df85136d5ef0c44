import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { rivalDeclarations } from './rival-declarations.ts';

const two = (...selectors: string[]) =>
  selectors
    .map(
      (selector, at) =>
        `---\napiVersion: picket.dev/v1alpha1\nkind: HostFirewall\nmetadata: {name: f${at}}\nspec: {nodeSelector: ${selector}}\n`,
    )
    .join('');
const messages = (...selectors: string[]) =>
  findings(rivalDeclarations, two(...selectors)).map(({ message }) => message);

test('two that a machine can have all labels of, and as many of each', () => {
  const told = [
    'HostFirewall f1 and HostFirewall f0 can be meant for the same machine, and neither goes before the other',
  ];
  expect(messages('{role: edge}', '{zone: east}')).toEqual(told);
  expect(messages('{}', '{}')).toEqual(told);
  expect(messages('{role: edge, zone: a}', '{role: edge, rack: "1"}')).toEqual(told);
});

test('two of which one goes before the other, or that no machine fits both, are none', () => {
  expect(messages('{role: edge}', '{role: edge, zone: east}')).toEqual([]);
  expect(messages('{role: edge}', '{role: core}')).toEqual([]);
  expect(messages('{}', '{role: core}')).toEqual([]);
});
