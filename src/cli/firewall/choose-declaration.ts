import {
  type DeclaredHostFirewall,
  declaredHostFirewalls,
  hostFirewallFor,
} from '../../firewall/host-firewall/declared.ts';
import type { ManifestSet } from '../../manifest/resource.ts';
import { type OptionDefinition, UsageError } from '../command.ts';

/** The option that says which machine is meant. */
export const labelOption: OptionDefinition = {
  flags: '--label <key=value>',
  description: 'a label of the machine that is meant, where several HostFirewalls are declared',
  repeatable: true,
};

/**
 * Returns the HostFirewall that is meant: the only one, or that for a machine with these labels. Throws UsageError where there is
 * none, or where it is not told which.
 */
export function chooseDeclaration(
  manifests: ManifestSet,
  labels: readonly string[] | undefined,
): DeclaredHostFirewall {
  const all = declaredHostFirewalls(manifests);
  const [only, second] = all;
  if (only === undefined)
    throw new UsageError(
      'no host firewall is declared there',
      'declare one under `firewall` in picket.yaml, or as `kind: HostFirewall`',
    );
  if (second === undefined && labels === undefined) return only;
  const names = all.map(({ name }) => name).join(', ');
  if (labels === undefined)
    throw new UsageError(
      `several host firewalls are declared: ${names}`,
      'say --label key=value of the machine',
    );
  const { chosen, rivals } = hostFirewallFor(all, labelsOf(labels));
  if (chosen === undefined)
    throw new UsageError(`none of the host firewalls is for a machine with these labels: ${names}`);
  if (rivals.length > 0)
    throw new UsageError(
      `${[chosen, ...rivals].map(({ name }) => name).join(' and ')} are for a machine with these labels`,
      'let one of them ask for one more label in `nodeSelector`',
    );
  return chosen;
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at <= 0) throw new UsageError(`--label ${text} is no label`, 'write it as key=value');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
