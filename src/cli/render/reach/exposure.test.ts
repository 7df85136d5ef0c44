import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../command.ts';
import { testIo } from '../../io.fixture.ts';
import { runProgram } from '../../program.ts';
import { exposureOutput } from './exposure.ts';

const manifests = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: example.test/web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: open, namespace: shop, labels: {app: open}}
spec: {containers: [{name: main, image: example.test/open}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{namespaceSelector: {matchLabels: {team: ops}}}]
    ports: [{port: 8080}]
  egress: []
`;

async function exposure(...more: string[]) {
  const io = testIo({}, manifests);
  const code = await runProgram(['reach', '-', '--exposure', ...more], () => io);
  return { code, ...io.written };
}

describe.each(['text', 'csv', 'md', 'json'])('reach --exposure -o %s', (form) => {
  test('is as it was', async () => {
    const { code, out } = await exposure('-o', form);
    expect(code).toBe(ExitCode.clean);
    if (form === 'json') exposureOutput.parse(JSON.parse(out));
    await expect(out).toMatchFileSnapshot(`__golden__/exposure-${form}.golden.txt`);
  });
});

test('there is no picture of it, and no filter', async () => {
  expect((await exposure('-o', 'svg')).code).toBe(ExitCode.usage);
  expect((await exposure('--closed')).code).toBe(ExitCode.usage);
  expect((await exposure('--from', 'shop/web')).code).toBe(ExitCode.usage);
});
