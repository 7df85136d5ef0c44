/**
 * Fuzzes the readers of address, prefix and port texts: `node fuzz/net.ts [--seconds N] [--seed S]`. None may throw or
 * take long, what they accept must survive being written and read again, and addresses must be those that the C
 * library's inet_pton accepts (through node:net), save that zones are refused.
 */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { formatAddress, parseAddress, sameAddress } from '../src/net/address.ts';
import { PortSet } from '../src/net/port-set.ts';
import { formatPrefix, hasHostBits, parsePrefix } from '../src/net/prefix.ts';
import { protocolName, protocolNumber } from '../src/net/protocol.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);

const seeds = [
  '192.0.2.1',
  '255.255.255.255',
  '0.0.0.0',
  '::',
  '::1',
  '1::',
  '2001:db8::1:0:0:1',
  '::ffff:192.0.2.1',
  '64:ff9b::192.0.2.33',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:192.0.2.1',
  'fe80::1%eth0',
  '1:2:3:4:5:6:7::',
  '10.0.0.0/8',
  '2001:db8::/32',
  '::/0',
  '0.0.0.0/0',
  '80,443,8000-8100',
  '0-65535',
  'none',
  'tcp',
  'ipv6-icmp',
  '58',
];
const alphabet = [
  ...'0123456789abcdefABCDEFgG:.%/-, \t\n\u0000é１',
  '::',
  '255',
  'ffff',
  '/128',
  '.1.2.3',
  '😀',
  '\ud800',
];

let state = seed;
/** Numerical Recipes' linear congruential generator; the high bits are the good ones. */
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = (from: readonly string[]) => from[random(from.length)]!;

function mutate(text: string): string {
  const at = random(text.length + 1);
  switch (random(5)) {
    case 0:
      return text.slice(0, at) + pick(alphabet) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + pick(alphabet) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + pick(seeds).slice(random(8));
    default:
      // Cut, since a mutation of mutations would grow without end.
      return text.repeat(1 + random(random(50) === 0 ? 2000 : 2)).slice(0, 100_000);
  }
}

/** Returns what is wrong with how `text` is read, or undefined. */
function faultOf(text: string): string | undefined {
  const address = parseAddress(text);
  const expected = text.includes('%') ? 0 : isIP(text);
  if ((address?.family ?? 0) !== expected) return `family ${address?.family ?? 0}, node:net says ${expected}`;
  if (address) {
    const again = parseAddress(formatAddress(address));
    if (!again || !sameAddress(address, again))
      return `written as ${formatAddress(address)}, which is another`;
  }
  const prefix = parsePrefix(text);
  if (!prefix && hasHostBits(text)) return 'host bits in what is no prefix';
  if (prefix) {
    const canonical = formatPrefix(prefix);
    const again = parsePrefix(canonical);
    if (!again || formatPrefix(again) !== canonical || hasHostBits(canonical))
      return `written as ${canonical}, which is another`;
  }
  const ports = PortSet.parse(text);
  if (ports && !PortSet.parse(ports.toString())?.equals(ports))
    return `ports written as ${ports}, which are others`;
  const protocol = protocolNumber(text);
  if (protocol !== undefined && protocolNumber(protocolName(protocol)) !== protocol)
    return `protocol ${protocol} has no way back`;
  return undefined;
}

/** Longest that one text may take, in milliseconds: far above what any takes, far below what a runaway reader does. */
const patience = 1000;
const end = performance.now() + seconds * 1000;
const accepted = { addresses: 0, prefixes: 0 };
let cases = 0;
for (; performance.now() < end; cases++) {
  let text = pick(seeds);
  for (let i = random(6); i > 0; i--) text = mutate(text);
  let fault: string | undefined;
  try {
    limited(patience, () => {
      fault = faultOf(text);
    });
  } catch (error) {
    fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  if (fault !== undefined) {
    console.error(`case ${cases}, seed ${seed}: ${JSON.stringify(text)}: ${fault}`);
    process.exit(1);
  }
  if (parseAddress(text)) accepted.addresses++;
  if (parsePrefix(text)) accepted.prefixes++;
}
console.log(
  `net: ${cases} cases, ${accepted.addresses} addresses, ${accepted.prefixes} prefixes, seed ${seed}: no fault`,
);
