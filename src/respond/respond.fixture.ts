import type { Machine } from '../firewall/guard/machine.ts';
import { parseAddress } from '../net/address.ts';
import { parsePrefix, prefixOf } from '../net/prefix.ts';
import type { Facts } from './decide.ts';
import { HourBudget } from './hour-budget.ts';
import type { Trigger } from './model.ts';
import type { Playbook, Playbooks } from './playbooks.ts';

export const address = (text: string) => parseAddress(text)!;
export const prefix = (text: string) => parsePrefix(text)!;

/** A trigger of a scan by 203.0.113.9. */
export const scan: Trigger = {
  alertId: 'a1',
  detector: 'port-scan',
  severity: 'high',
  title: '203.0.113.9 tried 100 ports',
  since: 1000,
  at: 2000,
  source: '203.0.113.9',
  destination: '198.51.100.2',
  entity: '203.0.113.9',
  stages: ['reconnaissance'],
};

export const playbook: Playbook = {
  name: 'scans',
  matches: () => true,
  steps: [{ kind: 'block', end: 'source', seconds: 3600, width: { 4: undefined, 6: undefined } }],
  approval: true,
  dryRun: false,
  perHour: 10,
};

export const playbooks: Playbooks = {
  playbooks: [playbook],
  protect: [],
  probes: [],
  answerWithin: 900,
  limits: { perHour: 10, active: 256, peers: 16, percent: 5, shortestPrefix: { 4: 24, 6: 48 } },
};

/** Facts of which none speaks against anything. */
export function facts(more: Partial<Facts> = {}): Facts {
  return {
    now: 10_000,
    protectedSet: { why: () => undefined },
    brokenMusts: () => [],
    controlCuts: () => [],
    blast: () => ({ conversations: 100, cut: 0, peers: 0, examples: [], unseen: 0 }),
    open: [],
    budget: new HourBudget(100),
    ...more,
  };
}

/** A machine at 198.51.100.2/24 with a gateway, a name server and a tunnel. */
export const machine: Machine = {
  interfaces: [
    {
      name: 'eth0',
      addresses: [
        { address: address('198.51.100.2'), prefix: prefixOf(address('198.51.100.2'), 24), dynamic: false },
      ],
    },
  ],
  uplinks: ['eth0'],
  gateways: [address('198.51.100.1')],
  listeners: [],
  connections: [],
  unseenConnections: 0,
  nameservers: [address('198.51.100.53')],
  forwards: { ipv4: false, ipv6: false },
  wireguard: [{ name: 'wg0', port: 51820, endpoints: [{ address: address('203.0.113.80'), port: 51820 }] }],
  admins: [{ prefix: prefix('203.0.113.64/28') }],
  ownPorts: [8470],
};
