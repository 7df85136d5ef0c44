import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { duplicateObject } from './duplicate-object.ts';

const policy = policyYaml('p', '  podSelector: {}');

test('the same object twice', () => {
  expect(findings(duplicateObject, policy + policy)).toMatchObject([
    { at: 'p', message: 'NetworkPolicy shop/p is declared again later and replaced by that' },
  ]);
});

test('other kinds and namespaces are other objects', () => {
  expect(findings(duplicateObject, policy + podYaml('p', 'a: b') + podYaml('other/p', 'a: b'))).toEqual([]);
});
