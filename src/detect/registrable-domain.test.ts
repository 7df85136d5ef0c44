import { beforeAll, expect, test } from 'vitest';
import { loadPublicSuffixes, registrableDomain } from './registrable-domain.ts';

beforeAll(loadPublicSuffixes);

test.each([
  ['www.example.com', 'example.com'],
  ['example.com', 'example.com'],
  ['a.b.example.co.uk', 'example.co.uk'],
  ['x.me.github.io', 'me.github.io'],
  ['a.host.duckdns.org', 'host.duckdns.org'],
  ['printer.lan', 'printer.lan'],
  ['a\\000b.\\255.example.com', 'example.com'],
  ['_sip._tcp.example.com', 'example.com'],
  ['co.uk', undefined],
  ['com', undefined],
  ['localhost', undefined],
  ['4.3.2.1.in-addr.arpa', undefined],
  ['printer.local', undefined],
])('%s: %s', (name, domain) => {
  expect(registrableDomain(name)).toBe(domain);
});
