import type { Span } from '../../diagnostic/diagnostic.ts';
import { readFirewallFiles } from '../../firewall/analysis/read-files.ts';
import type { Ruleset } from '../../firewall/ruleset.ts';
import type { Range } from '../../manifest/locations.ts';
import type { InputFile } from '../../manifest/resource.ts';
import { readFirewalls } from '../../posture/firewalls.ts';
import { UsageError } from '../command.ts';
import { declarationOf } from '../load-posture.ts';

/** The packet filter of one machine, and where its rules are written. */
export interface MachineRules {
  readonly ruleset: Ruleset;
  readonly problems: readonly { readonly at: Range; readonly message: string }[];
  span(at: Range): Span;
}

/**
 * Returns the packet filter that files declare: dumps, files for nft and scripts; or manifests, in which one workload sets it. Throws
 * UsageError where it is not told which is meant.
 */
export function readMachine(files: readonly InputFile[]): MachineRules {
  const manifests = files.filter(({ name }) => /\.(?:ya?ml|json|mdx?|markdown)$/i.test(name));
  const texts = files.filter((file) => !manifests.includes(file));
  if (manifests.length === 0) {
    return readFirewallFiles(
      texts.map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) })),
    );
  }
  const firewalls = readFirewalls(declarationOf(manifests).posture.controls);
  const [only, second] = firewalls;
  if (only === undefined)
    throw new UsageError('no workload of these manifests sets a packet filter on its machine');
  if (second !== undefined || texts.length > 0) {
    const names = firewalls.map(({ name }) => name).join(', ');
    throw new UsageError(
      `packet filters of several places: ${[names, ...texts.map(({ name }) => name)].join(', ')}`,
      'name one of them at a time: a machine has one HostFirewall',
    );
  }
  return only;
}
