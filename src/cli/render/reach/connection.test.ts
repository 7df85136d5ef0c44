import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Verdict } from '../../../flow/verdict.ts';
import { postureOf } from '../../../posture/posture.fixture.ts';
import { reach } from '../../../posture/reach/query.ts';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { testIo } from '../../io.fixture.ts';
import { connectionJson, connectionText } from './connection.ts';
import { endpointOf } from './questions.ts';
import { reachOutput } from './schema.ts';

const posture = postureOf(
  podYaml('web', 'app: web') +
    podYaml('api', 'app: api') +
    policyYaml(
      'api',
      '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: job}}}]',
    ),
);
const { sources } = posture.manifests;
const real = reach(posture, endpointOf('shop/web', posture), endpointOf('shop/api', posture), 'TCP', 80);
const span = real.reasons.find((reason) => reason.outcome === 'deny')!.span!;

/** Every field that a reason can have, in three layers. */
const made: Verdict = {
  outcome: 'deny',
  reasons: [
    {
      layer: 'networkpolicy',
      direction: 'egress',
      outcome: 'allow',
      text: 'no policy selects shop/web for egress',
    },
    {
      layer: 'networkpolicy',
      direction: 'ingress',
      outcome: 'deny',
      text: 'NetworkPolicy shop/api isolates it \u001b[31m',
      object: { kind: 'NetworkPolicy', name: 'api', namespace: 'shop' },
      rule: 0,
      span,
      change: 'In NetworkPolicy shop/api, add {podSelector: {matchLabels: {app: web}}} to ingress[0].from.',
    },
    {
      layer: 'mesh',
      direction: 'ingress',
      outcome: 'unknown',
      text: 'the path of the request is not known',
      change: 'Say which request: --method and --path.',
    },
  ],
};
const asked = {
  from: 'shop/web',
  to: 'shop/api',
  port: 80,
  protocol: 'TCP',
  request: { method: 'GET', headers: new Map([['x-team', 'red']]) },
} as const;

test('explained', async () => {
  const text = connectionText(asked, made, { sources, explain: true }, testIo());
  await expect(text).toMatchFileSnapshot('__golden__/connection.golden.txt');
});

test('not explained: no source, no change', async () => {
  const text = connectionText(asked, made, { sources, explain: false }, testIo());
  expect(text).not.toMatch(/change|\^/);
  expect(text).toContain('shop.yaml:');
  expect(text).not.toContain('\u001b');
});

test('a verdict of real layers shows the deciding line', () => {
  const text = connectionText({ ...asked, request: {} }, real, { sources, explain: true }, testIo());
  expect(text).toContain('^');
  expect(text.startsWith('deny  shop/web to shop/api:80/TCP')).toBe(true);
});

test('json fits the schema, with the source when explained', async () => {
  const valid = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(
    z.toJSONSchema(reachOutput),
  );
  for (const [verdict, explain] of [
    [made, true],
    [made, false],
    [real, true],
  ] as const) {
    const output: unknown = JSON.parse(JSON.stringify(connectionJson(asked, verdict, { sources, explain })));
    expect(valid(output), JSON.stringify(valid.errors)).toBe(true);
  }
  const text = `${JSON.stringify(connectionJson(asked, made, { sources, explain: true }), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('__golden__/connection.golden.json');
});
