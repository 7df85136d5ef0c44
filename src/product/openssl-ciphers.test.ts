import { describe, expect, test } from 'vitest';
import { opensslCiphers } from './openssl-ciphers.oracle.ts';
import { readCipherList } from './openssl-ciphers.ts';

const namesOf = (list: string) =>
  readCipherList(list)
    .offered.map(({ name }) => name)
    .sort();

const lists = [
  'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  'ALL',
  'DEFAULT',
  'HIGH:!aNULL:!MD5',
  'HIGH:-ECDHE',
  'HIGH:!ECDSA:ECDHE-ECDSA-AES128-GCM-SHA256',
  'HIGH:-ECDSA:ECDHE-ECDSA-AES128-GCM-SHA256',
  'EECDH+AESGCM:EDH+AESGCM',
  'ECDHE+CHACHA20 DHE+AES256',
  'ALL:!kRSA:+AES128:@STRENGTH',
  'kRSA+AESCCM',
  'TLSv1.2',
  'SSLv3:TLSv1',
  'ALL:!SHA1:!SHA256:!SHA384',
  'ALL:!CAMELLIA:!ARIA:!AESCCM8',
  'CAMELLIA128:ARIA256:AES256+kDHE',
  'nonsense:AES128-SHA',
];

describe.skipIf(opensslCiphers('ALL') === undefined)('as OpenSSL reads it', () => {
  test.each(lists)('%s', (list) => {
    // A server without a DSS certificate offers none of those.
    const theirs = (opensslCiphers(list) ?? []).filter((name) => !/DSS|PSK|SRP/.test(name));
    expect(namesOf(list)).toEqual(theirs.sort());
  });
});

test('words that mean nothing', () => {
  expect(readCipherList('ECDHE-RSA-AES128-GCM-SHA265:AES128-SHA')).toMatchObject({
    offered: [{ name: 'AES128-SHA' }],
    unknown: ['ECDHE-RSA-AES128-GCM-SHA265'],
  });
  expect(readCipherList('constructor:toString+__proto__').offered).toEqual([]);
});

test('what a suite is', () => {
  expect(readCipherList('ECDHE-ECDSA-CHACHA20-POLY1305').offered).toEqual([
    { name: 'ECDHE-ECDSA-CHACHA20-POLY1305', forwardSecret: true, certificate: 'ECDSA', aead: true },
  ]);
  expect(readCipherList('AES256-SHA').offered).toMatchObject([
    { forwardSecret: false, certificate: 'RSA', aead: false },
  ]);
});
