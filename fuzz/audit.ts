/**
 * Throws bodies at the decoder of Kubernetes audit events, and what it reads at all fields: node fuzz/audit.ts [--seconds N]
 * [--seed S].
 */
import fc from 'fast-check';
import { decodeAudit } from '../src/event/audit/audit-event.ts';
import { auditSource } from '../src/event/audit/audit-source.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const extracts = [...auditSource.fields.values()].flatMap((field) => {
  const bound = field.bind(
    field.argument === undefined ? undefined : field.argument.kind === 'index' ? '0' : '/a/0',
  );
  return typeof bound === 'function' ? [bound] : [];
});
const any = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const maybe = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: any });
const container = maybe(
  fc.record({
    image: maybe(fc.string()),
    ports: maybe(fc.array(any)),
    securityContext: maybe(fc.record({ privileged: any, runAsUser: any, capabilities: any })),
  }),
);
const spec = maybe(
  fc.record({
    containers: maybe(fc.array(container)),
    volumes: maybe(fc.array(any)),
    hostNetwork: any,
    template: any,
    type: any,
  }),
);
const event = fc.record({
  kind: fc.oneof(fc.constant('Event'), fc.constant(undefined), fc.string()),
  auditID: maybe(fc.string()),
  stage: any,
  stageTimestamp: fc.oneof(fc.constant('2026-01-02T03:04:05.123456Z'), fc.string(), any),
  requestURI: maybe(fc.webUrl()),
  user: any,
  objectRef: maybe(fc.record({ resource: any, name: any, namespace: any })),
  annotations: any,
  requestObject: maybe(
    fc.record({ spec, subjects: maybe(fc.array(any)), rules: maybe(fc.array(any)), roleRef: any, data: any }),
  ),
  responseStatus: any,
});
const body = fc.oneof(
  event.map((one) => JSON.stringify(one)),
  fc.array(event, { maxLength: 3 }).map((items) => JSON.stringify({ kind: 'EventList', items })),
  fc.array(event, { maxLength: 3 }).map((items) => items.map((one) => JSON.stringify(one)).join('\n')),
  fc.string({ maxLength: 60 }),
  any.map((value) => JSON.stringify(value)),
);

fuzz(
  fuzzOptions(),
  300,
  (seed) => fc.sample(body, { seed, numRuns: 200 }),
  (text) => {
    for (const one of decodeAudit(text).events) for (const extract of extracts) extract(one);
  },
  JSON.stringify,
);
