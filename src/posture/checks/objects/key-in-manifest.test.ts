import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { keyInManifest } from './key-in-manifest.ts';

const find = (text: string) => findings(keyInManifest, text);
const wgKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\n';
const config = `[Interface]\nPrivateKey = ${wgKey}\n`;

const object = (kind: string, field: string, values: Record<string, string>, more = '') =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: s, namespace: vpn}\n${more}${field}:\n` +
  Object.entries(values)
    .map(([name, value]) => `  ${name}: |\n${value.replace(/^(?=.)/gm, '    ')}\n`)
    .join('');
const secret = (name: string, value: string) => object('Secret', 'data', { [name]: btoa(value) });

test.each([
  ['wg0.conf', config, 'a WireGuard private key'],
  ['wg0.conf', `[Peer]\npresharedkey=${wgKey}`, 'a WireGuard preshared key'],
  ['tls.key', pem, 'a private key'],
  ['id', pem.replaceAll('EC ', 'OPENSSH '), 'an SSH private key'],
  ['private.key', `${wgKey}\n`, 'a WireGuard key'],
  ['keys.txt', `AGE-SECRET-KEY-1${'Q'.repeat(58)}`, 'a private key of age'],
])('%s: %s', (name, value, what) => {
  expect(find(secret(name, value))).toEqual([
    {
      at: name,
      message: `${what} has its place in the manifest of Secret vpn/s: base64 is no encryption, whoever reads the file or its history in Git has it`,
      help: 'keep it out: let an ExternalSecret make Secret vpn/s, or commit a SealedSecret or a SOPS file; encrypt Secrets at rest in the cluster',
    },
  ]);
});

test('a placeholder', () => {
  expect(find(secret('wg0.conf', '[Interface]\nPrivateKey = <private-key>'))).toMatchObject([
    { message: expect.stringMatching(/has it once it is put in$/) },
  ]);
});

test('plain text, and a ConfigMap', () => {
  expect(find(object('Secret', 'stringData', { k: pem }))[0]?.message).toContain('stringData is plain text,');
  const found = find(object('ConfigMap', 'data', { 'wg0.conf': config }));
  expect(found[0]?.message).toBe(
    'a WireGuard private key has its place in the manifest of ConfigMap vpn/s: whoever may read ConfigMaps or this file has it',
  );
  expect(found[0]?.help).toContain('let an ExternalSecret make a Secret');
});

test('several keys are told once', () => {
  expect(find(object('Secret', 'stringData', { a: pem, b: 'x', c: config }))).toMatchObject([{ at: 'a' }]);
});

test.each([
  ['a certificate', secret('tls.crt', pem.replaceAll('EC PRIVATE KEY', 'CERTIFICATE'))],
  ['an encrypted key', secret('tls.key', pem.replaceAll('EC', 'ENCRYPTED'))],
  ['a public key', secret('public', wgKey)],
  ['nothing yet', secret('tls.key', '')],
  ['a variable', secret('wg0.conf', '[Interface]\nPrivateKey = $' + '{WG_KEY}')],
  ['what SOPS has encrypted', object('Secret', 'stringData', { 'tls.key': pem }, 'sops: {version: 3.9.0}\n')],
  ['other contents', secret('password', 'hunter2')],
  [
    'a SealedSecret',
    '---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s, namespace: vpn}\nspec: {encryptedData: {tls.key: AgB}}\n',
  ],
  [
    'an ExternalSecret',
    '---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: vpn}\nspec: {target: {name: s}}\n',
  ],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));
