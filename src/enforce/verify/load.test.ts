import { expect, test } from 'vitest';
import { CannotLoad, loadsOf } from './load.ts';

const restore = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n';

test('each file by the program of its language, sets before what asks for them', () => {
  const loads = loadsOf([
    { name: 'a.nft', text: 'table inet f {\n}\n' },
    { name: 'rules.v4', text: restore },
    { name: 'legacy.v6', text: restore },
    { name: 'sets', text: 'create s hash:ip\n' },
  ]);
  expect(loads.map(({ file, command }) => [file, ...command])).toEqual([
    ['sets', 'ipset', 'restore'],
    ['a.nft', 'nft', '-f', '-'],
    ['rules.v4', 'iptables-nft-restore'],
    ['legacy.v6', 'ip6tables-legacy-restore'],
  ]);
});

test('what iptables -S has printed gets its table and end', () => {
  const [load] = loadsOf([
    { name: 'listed', text: '-P INPUT DROP\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A INPUT -j ACCEPT\n' },
  ]);
  expect(load!.text).toMatch(/^\*filter\n-P INPUT DROP\n[\s\S]*-A INPUT -j ACCEPT\nCOMMIT\n$/);
});

test('a script is not run', () => {
  expect(() => loadsOf([{ name: 'fw.sh', text: '#!/bin/sh\niptables -F\n' }])).toThrow(CannotLoad);
});
