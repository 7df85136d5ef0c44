import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { acceptedPorts } from '../../firewall/accepted-ports.ts';
import { firewallTextChecks } from '../../firewall/analysis/checks/registry.ts';
import { type PathDefault, pathDefaults } from '../../firewall/analysis/defaults.ts';
import { ownersIn } from '../../firewall/analysis/owners.ts';
import {
  type FirewallFile,
  type FirewallFiles,
  readFirewallFiles,
  subjectOfFiles,
} from '../../firewall/analysis/read-files.ts';
import type { MachineFacts } from '../../firewall/analysis/subject.ts';
import { Protocol } from '../../net/protocol.ts';
import { nodePorts } from '../../product/well-known-ports.ts';

/** What is found in the packet filter of one machine. */
export interface CheckedFiles {
  /** In the order of files and lines. */
  readonly diagnostics: readonly Diagnostic[];
  readonly defaults: readonly PathDefault[];
}

/** Returns what is wrong with the packet filter that files hold. `node` is `yes`, `no`, or anything else for what the rules tell. */
export function checkFirewallFiles(inputs: readonly FirewallFile[], node: unknown): CheckedFiles {
  const files = readFirewallFiles(inputs);
  const subject = subjectOfFiles(files, factsOf(files, node));
  const order = new Map(inputs.map(({ name }, index) => [name, index]));
  const place = ({ span }: Diagnostic) =>
    [order.get(span?.file ?? '') ?? -1, span?.start.offset ?? 0] as const;
  const diagnostics = firewallTextChecks
    .flatMap((check) => [...check.run(subject)])
    .sort((x, y) => place(x)[0] - place(y)[0] || place(x)[1] - place(y)[1]);
  return { diagnostics, defaults: pathDefaults(files.ruleset) };
}

/** What rules tell of the machine that they are for. */
function factsOf({ ruleset }: FirewallFiles, node: unknown): MachineFacts {
  const owners = ownersIn(ruleset);
  const isClusterNode =
    node === 'yes' ||
    (node !== 'no' && (owners.some(({ kind }) => kind === 'cluster') || opensClusterPorts(ruleset)));
  return {
    family: 4,
    isClusterNode,
    isEveryNode: false,
    needs: nodePorts,
    others: owners.flatMap(({ name }) => (name === 'Picket' ? [] : [name])),
    beside: [],
    arePodsIsolated: false,
  };
}

/** Whether a filter lets ports through that only nodes of a cluster have: each on its own, not with all others. */
function opensClusterPorts(ruleset: FirewallFiles['ruleset']): boolean {
  const question = { family: 4, chain: 'INPUT', protocol: Protocol.Tcp, local: false } as const;
  const { possible } = acceptedPorts(ruleset, question);
  return [6443, 10_250].some((port) => possible.contains(port) && !possible.contains(port + 1));
}
