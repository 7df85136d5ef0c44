/**
 * Throws assertion files and recorded flows at their readers: node fuzz/assertions.ts [--seconds N] [--seed S]. Half of each
 * is grammar, half noise. Prints the cases run; exits 1 with the failing text on a crash, a slow case, a diagnostic
 * outside the text, an assertion that cannot be evaluated, or policies that do not allow the flows they were made from.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { evaluate } from '../src/posture/assertions/evaluate.ts';
import { ReachIndex } from '../src/posture/assertions/reach-index.ts';
import { readAssertions } from '../src/posture/assertions/read.ts';
import { counterexample, reportAssertion } from '../src/posture/assertions/report.ts';
import { FlowLog } from '../src/posture/learn/flow-log.ts';
import { learn } from '../src/posture/learn/learn.ts';
import { postureOf } from '../src/posture/posture.fixture.ts';
import { podYaml, policyYaml } from '../src/segmentation/manifests.fixture.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 5);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

const posture = postureOf(
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
    podYaml('api', 'app: api', '', 'podIP: 10.1.0.2') +
    podYaml('host', 'app: host', 'hostNetwork: true', 'podIP: 192.0.2.1') +
    policyYaml('api', '  podSelector: {matchLabels: {app: api}}\n  ingress: [{ports: [{port: web}]}]'),
  'hosts:\n  office: 203.0.113.0/24\n',
);
const index = new ReachIndex(posture);

const words = [
  'shop/web',
  'shop/*',
  'shop',
  'office',
  'internet',
  'any',
  '*',
  '10.0.0.0/8',
  '::/0',
  '1.2.3.4/33',
  'Ingress x/*',
  '{labels: {app: web}}',
  '{}',
  '[shop/web, any]',
  '80',
  '"80-90"',
  'web',
  '0',
  '-1',
  '"none"',
  'null',
  '*x',
  '&a',
  '{path: /}',
  '*'.repeat(60),
];
const keys = ['from', 'to', 'port', 'protocol', 'request', 'name', '__proto__', 'from'];
const kinds = ['must', 'must-not', 'only', 'name', 'allow-unknown'];
const value = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 8 }));
const connection = fc
  .array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 4 })
  .map(
    (pairs) =>
      `{${['from: shop/web', 'to: shop/api', ...pairs.map(([k, v]) => `${k}: ${v}`)].slice(pairs.length % 3).join(', ')}}`,
  );
const file = fc
  .array(fc.tuple(fc.constantFrom(...kinds), fc.oneof(connection, value)), { maxLength: 5 })
  .map((items) => `assertions:\n${items.map(([kind, text]) => `  - ${kind}: ${text}\n`).join('')}`);

const address = fc.constantFrom(
  '10.1.0.1',
  '10.1.0.2',
  '192.0.2.1',
  '203.0.113.9',
  '::ffff:10.1.0.1',
  '2001:db8::1',
  'x',
  '127.0.0.1',
);
const flow = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp', 'x', '999'),
  source: fc.record({
    address,
    identity: fc.constantFrom(undefined, null, 7, { kind: 'workload', name: 'shop/web' }),
  }),
  destination: fc.record({ address, port: fc.constantFrom(0, 53, 80, 65_535, 70_000, '80', null) }),
  state: fc.constantFrom('established', 'closed', 'refused', 'x', undefined),
  type: fc.constantFrom(undefined, 'flow', 'alert', 7),
});
const lines = fc.array(
  fc.oneof(
    flow.map((one) => JSON.stringify(one)),
    fc.string({ maxLength: 20 }),
    fc.json({ maxDepth: 3 }),
  ),
  { maxLength: 12 },
);

const limitMs = 1_000;

function assertionCase(text: string): void {
  const bytes = new TextEncoder().encode(text);
  const { assertions, diagnostics } = readAssertions([{ name: 'picket-test.yaml', bytes }]);
  for (const { span } of diagnostics) {
    if (span === undefined || span.end.offset > text.length) throw new Error('a diagnostic outside the text');
  }
  for (const assertion of assertions) {
    const result = evaluate(assertion, index);
    const examples = result.violations.map((one) => counterexample(one, posture, assertion.request));
    const reported = reportAssertion(result, examples, index);
    if (result.passed !== (reported.length === 0))
      throw new Error('a failure without a diagnostic, or the reverse');
  }
}

function flowsCase(texts: readonly string[]): void {
  const log = new FlowLog('flows.jsonl');
  for (const text of texts) log.add(text);
  const { replay } = learn(posture, log.flows);
  if (replay.refused.length > 0) throw new Error('the proposal cuts off a flow that it was made from');
}

const until = performance.now() + seconds * 1000;
let cases = 0;
for (let round = 0; performance.now() < until; round++) {
  const at = { seed: seed + round, numRuns: 50 };
  const runs: [unknown, () => void][] = [
    ...fc.sample(file, at).map((text): [unknown, () => void] => [text, () => assertionCase(text)]),
    ...fc
      .sample(lines, { ...at, numRuns: 10 })
      .map((texts): [unknown, () => void] => [texts, () => flowsCase(texts)]),
  ];
  for (const [input, run] of runs) {
    cases++;
    try {
      limited(limitMs, run);
    } catch (error) {
      console.error(`seed ${seed + round}: ${JSON.stringify(input)}\n${(error as Error).stack}`);
      process.exit(1);
    }
  }
}
console.log(`${cases} cases, seed ${seed}`);
