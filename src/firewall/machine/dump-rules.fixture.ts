import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseDump } from '../iptables-restore.ts';
import { parseNft } from '../nft.ts';
import type { Loadable } from './judge.fixture.ts';

const shared = process.env.PICKET_SHARED ?? resolve(import.meta.dirname, '../../../../shared');

/** Returns rules of real machines and of nftables' own tests, where they are at hand; not all of them load. */
export function dumpRules(folder: string = join(shared, 'data/firewall')): Loadable[] {
  const files = (kind: string) =>
    existsSync(join(folder, kind))
      ? readdirSync(join(folder, kind)).filter((name) => !name.includes('-ifaces-'))
      : [];
  const read = (kind: string, name: string) => readFileSync(join(folder, kind, name), 'utf8');
  return [
    ...files('iptables').flatMap((name) => ofIptables(name, read('iptables', name))),
    ...files('nft').map((name): Loadable => {
      const text = read('nft', name);
      return { name, ruleset: parseNft(text).ruleset, load: [{ command: ['nft', '-f', '-'], text }] };
    }),
  ];
}

function ofIptables(name: string, text: string): Loadable[] {
  const table = /-(filter|nat|mangle|raw)-/.exec(name)?.[1] ?? 'filter';
  const { ruleset } = parseDump(text, 'ip', { table });
  const whole = /^\*/m.test(text) ? text : `*${table}\n${withChains(text)}\nCOMMIT\n`;
  return ['nft', 'legacy'].map((backend) => ({
    name: `${name} (${backend})`,
    ruleset,
    load: [{ command: [`iptables-${backend}-restore`], text: whole }],
  }));
}

/** `iptables -S` writes -N and -P, which iptables-restore does not take. */
function withChains(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/^-P (\S+) (\S+)$/, ':$1 $2').replace(/^-N (\S+)$/, ':$1 -'))
    .join('\n');
}
