import { describe, expect, test } from 'vitest';
import { Cable, cannotAsk } from './network.fixture.ts';
import type { Ruleset } from './ruleset.ts';
import { readFirewallScript } from './script.ts';

/** Commands that iptables 1.8 takes after `iptables`, and those that it refuses. */
const taken = [
  '-A INPUT -p tcp --dport 22 -j ACCEPT',
  '-A INPUT -p tcp --dport=22 -j ACCEPT',
  '-AINPUT -p 6 -m tcp --destination-port ssh -j ACCEPT',
  '-I INPUT 1 -s 10.0.0.0/255.0.0.0,192.0.2.0/24 -d 192.0.2.1 -j DROP',
  '-A INPUT -s 10/8 -j DROP',
  '-A INPUT ! -i lo -p udp -m multiport --dports 53,67:68 -j ACCEPT',
  '-A INPUT -m conntrack --ctstate new,RELATED -j ACCEPT',
  '-A INPUT -m state --state ESTABLISHED -j ACCEPT',
  '-A INPUT -p icmp --icmp-type 3/4 -j ACCEPT',
  '-A INPUT -p icmp --icmp-type fragmentation-needed -j ACCEPT',
  '-A INPUT -p tcp ! --syn -m comment --comment "not -j new" -j DROP',
  '-A INPUT -p tcp --tcp-flags ALL NONE -j DROP',
  '-A INPUT -m limit --limit 5/min -j LOG --log-prefix "x "',
  '-A INPUT -m addrtype --dst-type BROADCAST,MULTICAST -j DROP',
  '-A INPUT -m iprange --src-range 192.0.2.1-192.0.2.9 -j REJECT --reject-with icmp-port-unreachable',
  '-w 5 -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080',
  '-A INPUT -m mark --mark 0x1/0xff -j MARK --set-mark 2',
  '-A INPUT -p udp --dport :1023 --sport 1024: -j ACCEPT',
  '-P FORWARD DROP',
  '-N OWN',
];
const refused = [
  '-A INPUT -p tcp --dport 70000 -j ACCEPT',
  '-A INPUT -p tcp --dport 90:80 -j ACCEPT',
  '-A INPUT --dport 22 -j ACCEPT',
  '-A INPUT -p tcp --dports 22,80 -j ACCEPT',
  '-A INPUT --ctstate NEW -j ACCEPT',
  '-A INPUT -m state --state FRESH -j ACCEPT',
  '-A INPUT -p tpc -j ACCEPT',
  '-A INPUT -s 10.0.0.0/33 -j DROP',
  '-A INPUT -s 300.0.0.1 -j DROP',
  '-A INPUT -s 2001:db8::1 -j DROP',
  '-A INPUT -p tcp --tcp-flags SYN -j DROP',
  '-A INPUT --no-such-option 1 -j DROP',
  '-A OWN -j DROP',
  '-N INPUT',
  '-P INPUT REJECT',
  '-P OWN DROP',
  '-t none -A INPUT -j DROP',
  '-I INPUT 9 -j DROP',
  '-R INPUT 9 -j DROP',
  '-A INPUT -j',
  '-A INPUT -ptcp -j DROP',
  '-A INPUT --source=10.0.0.1 -j DROP',
];
const problemsOf = (command: string) => readFirewallScript(`iptables ${command}`).problems;

test.each(taken)('takes: iptables %s', (command) => {
  const { problems, ruleset } = readFirewallScript(`iptables ${command}`);
  expect([problems, ruleset.opaque]).toEqual([[], []]);
});

test.each(refused)('tells: iptables %s', (command) => {
  const text = `iptables ${command}`;
  for (const { at } of problemsOf(command)) expect(at.start < at.end && at.end <= text.length).toBe(true);
  expect(problemsOf(command)).not.toEqual([]);
});

test.skipIf(cannotAsk !== undefined)(
  `iptables itself says the same${cannotAsk ? ` (skipped: ${cannotAsk})` : ''}`,
  () => {
    using cable = new Cable('commands');
    const asked = [...taken, ...refused].map((command) => [command, problemsOf(command).length === 0]);
    const said = [...taken, ...refused].map((command) => {
      try {
        // A network of its own for each, so that one does not bear on the next.
        cable.run('guarded', ['unshare', '--net', 'sh', '-c', `iptables ${command}`]);
        return [command, true];
      } catch {
        return [command, false];
      }
    });
    expect(said).toEqual(asked);
  },
);

describe('commands', () => {
  const rules = (ruleset: Ruleset, chain: string) =>
    ruleset.tables[0]?.chains.get(chain)?.rules.map(({ text }) => text.replace(/^-A \S+ /, ''));
  const made = (...commands: string[]) =>
    readFirewallScript(commands.map((command) => `iptables ${command}`).join('\n')).ruleset;
  const three = ['-A INPUT -s 192.0.2.1', '-A INPUT -s 192.0.2.2', '-A INPUT -s 192.0.2.3'];

  test('insert, replace, delete by number and by rule, flush', () => {
    expect(rules(made(...three, '-I INPUT 2 -j DROP'), 'INPUT')?.[1]).toBe('-j DROP');
    expect(rules(made(...three, '-R INPUT 3 -j DROP'), 'INPUT')?.[2]).toBe('-j DROP');
    expect(rules(made(...three, '-D INPUT 1'), 'INPUT')).toEqual(['-s 192.0.2.2', '-s 192.0.2.3']);
    expect(rules(made(...three, '-D INPUT --source 192.0.2.2/32'), 'INPUT')).toHaveLength(2);
    expect(rules(made(...three, '-F INPUT'), 'INPUT')).toEqual([]);
    expect(rules(made(...three, '-F'), 'INPUT')).toEqual([]);
  });

  test('chains are created, renamed and removed', () => {
    const ruleset = made('-N A', '-A INPUT -j A', '-E A B');
    expect(ruleset.tables[0]?.chains.get('INPUT')?.rules[0]?.target.name).toBe('B');
    expect(made('-N A', '-X A').tables[0]?.chains.has('A')).toBe(false);
    expect(made('-P INPUT DROP', '-F').tables[0]?.chains.get('INPUT')?.policy?.effect).toBe('drop');
  });

  test('a table or chain that the shell puts in is not known', () => {
    expect(readFirewallScript('iptables -t $T -A INPUT -j DROP').ruleset.opaque).toHaveLength(1);
    expect(readFirewallScript('iptables -A $C -j DROP').ruleset.opaque).toHaveLength(1);
    const { ruleset } = readFirewallScript('iptables -A INPUT -s "$NET" -j DROP');
    expect(ruleset.tables[0]?.chains.get('INPUT')?.rules[0]?.matches).toMatchObject([{ kind: 'opaque' }]);
  });
});
