import { workloadYaml } from '../../controls/controls.fixture.ts';

/** A DaemonSet `shop/web` as YAML, as {@link workloadYaml}; with its namespace where `labels` are given. */
export function daemonSetYaml(container: string, pod = '', labels?: string): string {
  const namespace =
    labels === undefined
      ? ''
      : `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n`;
  return namespace + workloadYaml(container, pod).replace('kind: Deployment', 'kind: DaemonSet');
}
