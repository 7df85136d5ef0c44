import { expect, test } from 'vitest';
import { workloadYaml } from '../../controls/controls.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { keyFileMode } from './key-file-mode.ts';

const pem = '-----BEGIN PRIVATE KEY-----';
const secret = (value = pem) =>
  `---\napiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\nstringData: {tls.key: "${value}", tls.crt: x}\n`;
const web = (volume = '', pod = '', container = '') =>
  workloadYaml(
    `volumeMounts: [{name: tls, mountPath: /tls}]\n${container}`,
    `${pod}\nvolumes:\n- name: tls\n  secret:\n    secretName: tls\n${volume && `    ${volume}\n`}`,
  );
const find = (text: string) => findings(keyFileMode, text);

test('the mode that is there when none is given', () => {
  expect(find(secret() + web())).toEqual([
    {
      at: 'secret',
      message:
        'the private key in tls.key of Secret shop/tls is a file that every user of container main may read (mode 0644)',
      help: 'write `defaultMode: 0400` into the volume',
    },
  ]);
  const mended = fixed(keyFileMode, secret() + web());
  expect(mended).toBe(secret() + web('defaultMode: 0400'));
  expect(find(mended)).toEqual([]);
});

test('a mode that is too wide', () => {
  expect(find(secret() + web('defaultMode: 0444'))[0]?.message).toContain('(mode 0444)');
});

test('a user that is not root', () => {
  const user = 'securityContext: {runAsUser: 1000}';
  expect(find(secret() + web('', '', user))[0]?.help).toBe(
    'write `defaultMode: 0440` into the volume and `fsGroup` into the securityContext of the pod, since its user is not root',
  );
  const group = 'securityContext: {runAsUser: 1000, fsGroup: 1000}';
  expect(find(secret() + web('', group))[0]?.help).toBe('write `defaultMode: 0400` into the volume');
  expect(find(secret() + web('defaultMode: 0440', group))).toEqual([]);
});

test('projected volumes', () => {
  const pod = (mode: string) =>
    workloadYaml(
      'volumeMounts: [{name: v, mountPath: /tls}]',
      `volumes: [{name: v, projected: {${mode}sources: [{secret: {name: tls}}]}}]`,
    );
  expect(find(secret() + pod(''))).toHaveLength(1);
  expect(find(secret() + pod('defaultMode: 0400, '))).toEqual([]);
});

test.each([
  ['one mode for the key', web('items: [{key: tls.key, path: k, mode: 0400}, {key: tls.crt, path: c}]'), pem],
  ['decimal, as in JSON', web('defaultMode: 256'), pem],
  ['no key in it', web(), 'x'],
])('silent: %s', (_, workload, value) => expect(find(secret(value) + workload)).toEqual([]));
