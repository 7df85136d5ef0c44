import { describe, expect, test } from 'vitest';
import { shownRule } from './model.fixture.ts';
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
  ...['-f -j DROP', '! -f -s 192.0.2.1 -j ACCEPT', '-m connmark ! --mark 5/0xff -j ACCEPT'].map(inInput),
  ...['-m conntrack --ctorigsrc 192.0.2.0/24 --ctorigdstport 80:90 --ctdir ORIGINAL -j ACCEPT'].map(inInput),
  ...['-m conntrack --ctstatus ASSURED,EXPECTED -j ACCEPT', '-m conntrack --ctproto tcp -j ACCEPT'].map(
    inInput,
  ),
  ...['-m mac --mac-source 02:00:00:00:00:01 -j DROP', '-m pkttype --pkt-type multicast -j DROP'].map(
    inInput,
  ),
  ...['-m length --length 100:200 -j DROP', '-m length ! --length :40 -j DROP'].map(inInput),
  ...[
    '-m ttl --ttl-lt 5 -j DROP',
    '-m dscp --dscp 0x2e -j ACCEPT',
    '-m dscp --dscp-class AF21 -j ACCEPT',
  ].map(inInput),
  ...['-m hashlimit --hashlimit-upto 5/min --hashlimit-name a -j ACCEPT'].map(inInput),
  '-t raw -A PREROUTING -p tcp -j CT --notrack',
  '-t raw -A PREROUTING -p tcp -j NOTRACK',
  '-t mangle -A PREROUTING -j MARK --set-xmark 0x1/0xff',
  '-t mangle -A PREROUTING -j MARK --or-mark 0x10',
  '-t mangle -A PREROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00',
  '-t mangle -A PREROUTING -j CONNMARK --restore-mark --mask 0xff',
  '-t mangle -A PREROUTING -j DSCP --set-dscp-class EF',
  '-t mangle -A PREROUTING -j TTL --ttl-set 64',
  '-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.0.2.1-192.0.2.9:80-90',
  '-t nat -A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.1',
  '-t nat -A POSTROUTING -p udp -j MASQUERADE --to-ports 1024-2000',
  '-t nat -A PREROUTING -d 192.0.2.0/24 -j NETMAP --to 198.51.100.0/24',
];
function inInput(rule: string): string {
  return `-A INPUT ${rule}`;
}
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
  '-A INPUT --mark 1 -j DROP',
  '-A INPUT -m mark --mark x -j DROP',
  '-A INPUT -m conntrack --ctdir BOTH -j DROP',
  '-A INPUT -m conntrack --ctstatus FRESH -j DROP',
  '-A INPUT -m mac --mac-source 02:00 -j DROP',
  '-A INPUT -m pkttype --pkt-type none -j DROP',
  '-A INPUT -m length --length 70000 -j DROP',
  '-A INPUT -m ttl --ttl-eq 256 -j DROP',
  '-A INPUT -m dscp --dscp 64 -j DROP',
  '-A INPUT -m dscp --dscp-class AF55 -j DROP',
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

describe('what rules are in the model', () => {
  test.each([
    ['-f -j DROP', 'fragment => drop DROP'],
    ['-m mark ! --mark 0x1/0xff -j DROP', 'not number mark &0xff 0x1 => drop DROP'],
    ['-m connmark --mark 7 -j ACCEPT', 'number connection mark 0x7 => accept ACCEPT'],
    ['-m conntrack --ctorigdst 192.0.2.1 -j ACCEPT', 'original destination 192.0.2.1/32 => accept ACCEPT'],
    ['-m conntrack --ctorigdstport 80:90 -j ACCEPT', 'original destination port 80-90 => accept ACCEPT'],
    ['-m conntrack --ctdir REPLY -j ACCEPT', 'direction reply => accept ACCEPT'],
    ['-m conntrack ! --ctstatus ASSURED -j DROP', 'not status assured => drop DROP'],
    [
      '-m conntrack --ctproto 17 -j DROP',
      'any of [state ESTABLISHED,NEW & protocol udp | state RELATED & opaque --ctproto 17] => drop DROP',
    ],
    ['-m length --length 100: -j DROP', 'number length 0x64-0xffff => drop DROP'],
    ['-m ttl --ttl-gt 5 -j DROP', 'number hop limit 0x6-0xff => drop DROP'],
    ['-m ttl --ttl-lt 0 -j DROP', 'number hop limit none => drop DROP'],
    ['-m dscp --dscp-class EF -j ACCEPT', 'number dscp 0x2e => accept ACCEPT'],
    ['-m mac --mac-source 02:00:00:00:00:0A -j DROP', 'hardware source 02:00:00:00:00:0a => drop DROP'],
    [
      '-m limit --limit 5/min --limit-burst 3 -j ACCEPT',
      'opaque -m limit --limit 5/min --limit-burst 3 varies => accept ACCEPT',
    ],
    ['-m string --algo bm --string x -j DROP', 'opaque -m string --algo bm --string x => drop DROP'],
    ['-m set --match-set bad src -j DROP', 'opaque --match-set bad src => drop DROP'],
    ['-j MARK --set-mark 0x1/0xf', 'mark := old & 0xfffffff0 ^ 0x1 => continue MARK'],
    ['-j MARK --set-xmark 0x1/0xff', 'mark := old & 0xffffff00 ^ 0x1 => continue MARK'],
    ['-j MARK --and-mark 0xf', 'mark := old & 0xf ^ 0x0 => continue MARK'],
    ['-j MARK --or-mark 0xf', 'mark := old & 0xfffffff0 ^ 0xf => continue MARK'],
    ['-j MARK --xor-mark 0xf', 'mark := old & 0xffffffff ^ 0xf => continue MARK'],
    [
      '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00',
      'connection mark := old & 0xffff00ff ^ mark & 0xff => continue CONNMARK',
    ],
    ['-j CONNMARK --restore-mark', 'mark := old & 0x0 ^ connection mark & 0xffffffff => continue CONNMARK'],
    ['-j DSCP --set-dscp 10', 'dscp := old & 0x0 ^ 0xa => continue DSCP'],
    ['-j TTL --ttl-dec 1', 'does TTL --ttl-dec 1 => continue TTL'],
    ['-p tcp -j CT --notrack', 'protocol tcp; untracks => continue CT'],
    ['-j CT --helper ftp', '=> continue CT'],
    [
      '-p tcp -j DNAT --to-destination 192.0.2.1:80-90',
      'protocol tcp => translate DNAT destination 192.0.2.1-192.0.2.1:80-90',
    ],
    ['-p tcp -j DNAT --to-destination :90', 'protocol tcp => translate DNAT destination :90-90'],
    ['-j SNAT --to-source 192.0.2.1-192.0.2.3', '=> accept SNAT source 192.0.2.1-192.0.2.3'],
    ['-j MASQUERADE', '=> accept MASQUERADE source interface'],
    ['-p tcp -j REDIRECT --to-ports 81', 'protocol tcp => translate REDIRECT destination interface:81-81'],
    ['-j NETMAP --to 192.0.2.0/24', '=> translate NETMAP destination 192.0.2.0-192.0.2.255 keeps host'],
  ])('%s', (rule, model) => {
    const { ruleset, problems } = readFirewallScript(`iptables -t mangle -A PREROUTING ${rule}`);
    expect(problems).toEqual([]);
    const [read] = ruleset.tables[0]?.chains.get('PREROUTING')?.rules ?? [];
    expect(read && shownRule(read)).toBe(model);
  });
});

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
