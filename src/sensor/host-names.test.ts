import { afterEach, expect, test, vi } from 'vitest';
import { parseAddress } from '../net/address.ts';
import { HostNames, type Lookup } from './host-names.ts';

afterEach(() => {
  vi.useRealTimers();
});

const at = (text: string) => parseAddress(text) as NonNullable<ReturnType<typeof parseAddress>>;

/** A table that can be changed; names that are not in it have no address. */
function table(entries: Record<string, string[]>): Lookup & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    addresses: async (name) => {
      asked.push(name);
      const found = entries[name];
      if (found === undefined) throw new Error('none');
      return found;
    },
    cancel: () => undefined,
  };
}

test('addresses are known by the names that were asked for, by several where they have them', async () => {
  const names = new HostNames(table({ a: ['198.51.100.1', '2001:DB8::1'], b: ['198.51.100.1'] }));
  expect(names.of(at('198.51.100.1'))).toEqual([]);
  await names.ask(new Set(['a', 'b', 'none']));
  expect(names.of(at('198.51.100.1'))).toEqual(['a', 'b']);
  expect(names.of(at('2001:db8::1'))).toEqual(['a']);
  expect(names.of(at('198.51.100.2'))).toEqual([]);
  await names.ask(new Set(['b']));
  expect(names.of(at('198.51.100.1'))).toEqual(['b']);
  expect(names.of(at('2001:db8::1'))).toEqual([]);
  names.close();
});

test('names are looked up again, and what cannot be looked up now keeps what it had', async () => {
  vi.useFakeTimers();
  const entries: Record<string, string[]> = { a: ['198.51.100.1'], b: ['198.51.100.2'] };
  const names = new HostNames(table(entries));
  await names.ask(new Set(['a', 'b']));
  entries.a = ['198.51.100.9'];
  delete entries.b;
  await vi.advanceTimersByTimeAsync(61_000);
  expect(names.of(at('198.51.100.9'))).toEqual(['a']);
  expect(names.of(at('198.51.100.1'))).toEqual([]);
  expect(names.of(at('198.51.100.2'))).toEqual(['b']);
  names.close();
});

test('so many names are looked up, and what is more is counted', async () => {
  const lookup = table({});
  const names = new HostNames(lookup);
  await names.ask(new Set(Array.from({ length: 2000 }, (_, n) => `host-${n}`)));
  expect([lookup.asked.length, names.leftOut]).toEqual([1024, 976]);
  names.close();
});

test('this machine knows itself', async () => {
  const names = new HostNames();
  await names.ask(new Set(['localhost']));
  expect(names.of(at('127.0.0.1'))).toEqual(['localhost']);
  names.close();
});
