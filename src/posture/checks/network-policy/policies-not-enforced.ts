import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { networkPluginOf } from '../../../product/network-plugins.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';

/** Policies without a network plugin that is known to enforce them. */
export const policiesNotEnforced: Check = {
  code: 'PKT1019',
  title: 'Policies that may not be enforced',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `The API server accepts every NetworkPolicy, and leaves enforcing it to the network plugin. Plain Flannel enforces
none: the policies are stored, shown, and without any effect; nothing reports an error. Calico, Cilium, Antrea and
kube-router (k3s has it built in) enforce them.

Name the plugin, in the site file or with \`--cni\`: answers then follow its ways, also where plugins differ. With a
plugin that enforces nothing this becomes an error.`,
  example: {
    bad: 'kind: NetworkPolicy',
    good: '# picket.yaml\ncni: calico # or cilium, or kubernetes for any other that enforces policies',
  },
  run(declared) {
    const { segmentation, networkPlugin } = declared;
    const policies = [...segmentation.policies, ...segmentation.clusterPolicies].map(
      ({ policy }) => policy.source,
    );
    const [first] = policies;
    if (first === undefined) return [];
    const one = policies.length === 1;
    const which = one ? 'this policy does' : `these ${policies.length} policies do`;
    if (networkPlugin !== undefined) {
      return networkPlugin.enforcesPolicies ? [] : [without(which, networkPlugin.name, first)];
    }
    const running = runningPlugins(declared);
    if (running.some(({ enforcesPolicies }) => enforcesPolicies)) return [];
    const [plain] = running;
    if (plain !== undefined) return [without(which, plain.name, first)];
    return [
      diagnose(policiesNotEnforced, {
        message: `${which} nothing unless the network plugin enforces policies, which plain Flannel does not`,
        span: first.at(['kind']),
        help: 'name the plugin in picket.yaml, e.g. `cni: calico`, or with `--cni`; `kubernetes` stands for any that enforces',
      }),
    ];
  },
};

function without(which: string, plugin: string, policy: Resource): Diagnostic {
  return diagnose(policiesNotEnforced, {
    severity: 'error',
    message: `${which} nothing: ${plugin} enforces no policies`,
    span: policy.at(['kind']),
    help: 'run a plugin that enforces policies, e.g. Calico, Cilium or kube-router, or put Calico beside Flannel (Canal)',
  });
}

function runningPlugins({ controls }: Declared) {
  return controls.containers.flatMap(({ image }) => (image && networkPluginOf(image.repository)) || []);
}
