import { expect, test } from 'vitest';
import { nginxConfigMapKeys } from '../../../product/ingress-nginx-config-map.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { ciphersLeftOut } from './ciphers-left-out.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';

const list = (ciphers: string) => settingsYaml(`ssl-ciphers: "${ciphers}"`);

test('RSA alone', () => {
  const text = list('ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384');
  expect(findings(ciphersLeftOut, text)).toEqual([
    {
      at: '"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"',
      message:
        'with an ECDSA certificate TLS 1.2 fails, devices without AES in hardware get no CHACHA20; the list does not govern TLS 1.3',
      help: 'leave the key out (the default list has them), or add `ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305`',
    },
  ]);
  expect(findings(ciphersLeftOut, fixed(ciphersLeftOut, text))).toEqual([]);
});

test.each([
  ['EECDH+AESGCM', 'devices without AES in hardware get no CHACHA20'],
  ['EECDH+aECDSA+AESGCM:EECDH+CHACHA20+aECDSA', 'with an RSA certificate TLS 1.2 fails'],
  ['HIGH:ECDHE-RSA-AES128-GCM-SHA265', 'OpenSSL passes over `ECDHE-RSA-AES128-GCM-SHA265`'],
  ['HIGH:TLS_AES_128_GCM_SHA256', '`TLS_AES_128_GCM_SHA256` is of TLS 1.3'],
])('%s', (ciphers, what) => {
  expect(findings(ciphersLeftOut, list(ciphers))[0]?.message).toBe(
    `${what}; the list does not govern TLS 1.3`,
  );
});

test('nothing is left', () => {
  expect(findings(ciphersLeftOut, list('RC4:!aNULL'))[0]?.message).toMatch(/^no word of the list/);
});

test.each([
  nginxConfigMapKeys.get('ssl-ciphers')?.default ?? '',
  'HIGH:!aNULL:!MD5',
  'DEFAULT',
  '$(CIPHERS)',
  '',
])('nothing to say: %s', (ciphers) => expect(findings(ciphersLeftOut, list(ciphers))).toEqual([]));
