import fc from 'fast-check';
import type { Address } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import { readFirewallScript } from './script.ts';
import type { FirewallScript } from './script-text.ts';

/** Returns the address that `text` writes. Throws when it writes none. */
export function address(text: string): Address {
  const found = parseAddress(text);
  if (found === undefined) throw new Error(`${text} is no address`);
  return found;
}

/** Returns what the commands declare, of which nothing may be faulty. */
export function rulesetOf(...commands: string[]): FirewallScript['ruleset'] {
  const { ruleset, problems } = readFirewallScript(commands.join('\n'));
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  return ruleset;
}

const ports = fc.constantFrom('22', '80', '7000:7002', ':7001', '7002:', '0:65535');
const several = fc.constantFrom('22,80', '7001,7003:7004', '80');
const sources = fc.constantFrom(
  '198.51.100.0/24',
  '198.51.100.1',
  '203.0.113.0/24',
  '0.0.0.0/0',
  '198.51.100.0/31',
);
const negation = fc.constantFrom('', '', '! ');
const protocol = fc.constantFrom('tcp', 'udp');

const condition: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(negation, sources).map(([not, net]) => `${not}-s ${net}`),
  fc
    .tuple(negation, fc.constantFrom('lo', 'eth0', 'eth+', 'e+', 'wg0'))
    .map(([not, name]) => `${not}-i ${name}`),
  fc.tuple(negation, protocol).map(([not, name]) => `${not}-p ${name}`),
  fc.tuple(protocol, negation, ports).map(([name, not, range]) => `-p ${name} ${not}--dport ${range}`),
  fc
    .tuple(protocol, negation, several)
    .map(([name, not, list]) => `-p ${name} -m multiport ${not}--dports ${list}`),
  fc
    .tuple(negation, fc.constantFrom('NEW', 'ESTABLISHED,RELATED', 'INVALID', 'NEW,INVALID'))
    .map(([not, states]) => `-m conntrack ${not}--ctstate ${states}`),
  fc.tuple(negation).map(([not]) => `-p tcp ${not}--syn`),
  fc.tuple(negation).map(([not]) => `-p tcp ${not}--tcp-flags SYN,ACK SYN`),
  fc
    .tuple(negation, fc.constantFrom('echo-request', '0', '3/4', 'any'))
    .map(([not, type]) => `-p icmp ${not}--icmp-type ${type}`),
  fc.tuple(negation).map(([not]) => `-m iprange ${not}--src-range 198.51.100.1-198.51.100.9`),
  fc.constant('-m addrtype --dst-type LOCAL -p tcp'),
  fc.constant('-m comment --comment "x y"'),
);

/** A rule specification of up to three conditions that iptables takes, without a target. */
const conditions: fc.Arbitrary<string> = fc
  .array(condition, { maxLength: 2 })
  .filter((list) => {
    const text = list.join(' ');
    // Each option once.
    return [/-p /g, /-s /g, /-i /g, /ctstate/g, /--dports?/g, /-m iprange/g].every(
      (option) => (text.match(option) ?? []).length <= 1,
    );
  })
  .map((list) => list.join(' '));

/** Chains A to C, each of which may jump to later ones only. */
const chains = ['INPUT', 'A', 'B', 'C'];

/** Commands of iptables that the kernel takes, for the chain INPUT and chains of their own. */
export const commandLists: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.constantFrom('ACCEPT', 'DROP'),
    fc.array(
      fc.record({
        chain: fc.constantFrom('INPUT', 'INPUT', 'INPUT', 'A', 'B', 'C'),
        conditions,
        target: fc.constantFrom(
          ...['-j ACCEPT', '-j ACCEPT', '-j DROP', '-j REJECT', '-j RETURN', '-j LOG', ''],
          ...['-j A', '-j B', '-j C', '-g A', '-g B', '-g C'],
        ),
        verb: fc.constantFrom('-A', '-A', '-A', '-I'),
      }),
      { maxLength: 10 },
    ),
  )
  .map(([policy, rules]) => [
    ...chains.slice(1).map((chain) => `iptables -N ${chain}`),
    `iptables -P INPUT ${policy}`,
    ...rules
      .filter(({ chain, target }) => {
        const to = /-[jg] ([ABC])$/.exec(target)?.[1];
        return to === undefined || chains.indexOf(to) > chains.indexOf(chain);
      })
      .map((rule) => `iptables ${rule.verb} ${rule.chain} ${rule.conditions} ${rule.target}`.trim()),
  ]);
