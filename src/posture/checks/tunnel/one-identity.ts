import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { formatAddress } from '../../../net/address.ts';
import { nodesOf } from '../../../segmentation/endpoint.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import { fieldAt, listOf } from '../../../segmentation/values.ts';
import type { Consumption } from '../../controls/consumption.ts';
import type { ContainerFacts, PodFacts } from '../../controls/container-facts.ts';
import { readTunnels, type Tunnel } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { isFilledIn, lineHint } from './tunnel-text.ts';

/** One WireGuard configuration, with its key and address, in several pods at once. */
export const oneIdentity: Check = {
  code: 'PKT1253',
  title: 'One WireGuard identity on several machines',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `All pods of this workload run the same WireGuard configuration. A peer is its key: the other end knows one key and sends
to the machine that it last heard from, so that the machines take the tunnel from each other at every packet. The address is
on all of them as well, and answers go to whichever has the tunnel at that moment.

Each machine needs a key and an address of its own. Run one StatefulSet or Deployment with one replica per machine
(\`nodeSelector\` with \`kubernetes.io/hostname\`) and a configuration each, or a DaemonSet whose pod takes the file of its
machine (\`spec.nodeName\`) out of a Secret with one file per machine.`,
  example: {
    bad: 'kind: DaemonSet\nspec: {template: {spec: {volumes: [{name: wg, secret: {secretName: wg0}}]}}}',
    good: 'kind: StatefulSet\nspec:\n  replicas: 1\n  template:\n    spec:\n      nodeSelector: {kubernetes.io/hostname: edge-1}\n      volumes: [{name: wg, secret: {secretName: wg0-edge-1}}]',
  },
  run({ controls }) {
    return readTunnels(controls).flatMap((tunnel) => {
      const what = identityOf(tunnel);
      if (what === undefined || isFilledIn(tunnel, controls)) return [];
      const pods = [...new Set(tunnel.containers.map(({ pod }) => pod))];
      return pods.flatMap((pod) => findingOf(tunnel, pod, what, controls.consumption));
    });
  },
};

function findingOf(tunnel: Tunnel, pod: PodFacts, what: string, consumption: Consumption): Diagnostic[] {
  const { workload } = pod;
  const count = spreadOf(pod);
  if (count === undefined || picksOwn(tunnel, pod, consumption)) return [];
  const [address] = tunnel.config.interface?.addresses ?? [];
  return [
    diagnose(oneIdentity, {
      message: `${count} ${workload.kind} ${workloadName(workload)} has ${what} of ${tunnel.name}: they take the tunnel from each other`,
      span: workload.source.at(['kind']),
      related: [
        {
          span: address ? tunnel.span(address.at) : tunnel.file.key.keySpan,
          message: `the same on all of them${address ? lineHint(tunnel, address.at) : ''}`,
        },
      ],
      help: `run one StatefulSet with \`replicas: 1\` and \`nodeSelector: {kubernetes.io/hostname: NODE}\` per machine, with a PrivateKey and an \`Address = 10.200.0.11/32\` of its own`,
    }),
  ];
}

/** What of the configuration only one machine may have. */
function identityOf({ config: { interface: own, problems } }: Tunnel): string | undefined {
  const hasKey =
    own?.privateKey !== undefined ||
    problems.some(({ setting, kind }) => setting === 'PrivateKey' && kind !== 'no key');
  const [address] = own?.addresses ?? [];
  const parts = [
    ...(hasKey ? ['the one private key'] : []),
    ...(address ? [`${hasKey ? '' : 'the one '}address ${formatAddress(address.value.address)}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/** Returns how many pods there are at once, as the beginning of a sentence; undefined for one, or one that may be one. */
function spreadOf({ workload, fields, source }: PodFacts): string | undefined {
  if (fieldAt(fields, 'nodeSelector', 'kubernetes.io/hostname') !== undefined) return undefined;
  if (workload.kind === 'DaemonSet') return isOnOneNode(workload) ? undefined : 'every node of';
  const replicas = fieldAt(source.value, 'spec', 'replicas');
  return typeof replicas === 'number' && replicas > 1 ? `each of the ${replicas} pods of` : undefined;
}

function isOnOneNode(workload: Workload): boolean {
  const nodes = nodesOf({ kind: 'workload', workload });
  return nodes !== 'anywhere' && nodes.size === 1;
}

/** Whether the pods can tell themselves apart, and have several configurations to choose from. */
function picksOwn(tunnel: Tunnel, pod: PodFacts, consumption: Consumption): boolean {
  const { object } = tunnel.file.key;
  return pod.containers.some(
    (container) =>
      knowsItself(container) &&
      consumption
        .filesIn(container)
        .some(({ key }) => key.object === object && key !== tunnel.file.key && key.name.endsWith('.conf')),
  );
}

function knowsItself({ fields }: ContainerFacts): boolean {
  return listOf(fields.env).some((item) => {
    const field = fieldAt(item, 'valueFrom', 'fieldRef', 'fieldPath');
    return field === 'spec.nodeName' || field === 'metadata.name' || field === 'status.hostIP';
  });
}
