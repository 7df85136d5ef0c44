import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import type { Service } from '../../../segmentation/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { type ServiceTarget, serviceTargets } from './targets.ts';

/** Where Prometheus itself listens. */
const prometheusPort = 9090;

/** A scrape of a Service that is not there, or not on that port. */
export const targetNotDeclared: Check = {
  code: 'PKT1300',
  title: 'Scrape of a target that is not declared',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A static target of Prometheus is the name of a Service that none of these manifests declares in that namespace, or the
Service has no such port. Unless something else makes it, every scrape fails and nothing is collected. A name without a
namespace is looked up in the namespace of Prometheus, which is taken to be that of the ConfigMap.

${prometheusPort} is the port of Prometheus itself. Exporters have ports of their own, mostly from 9100 on.

Declare the exporter and its Service, or write the name and port that it has.`,
  example: {
    bad: "static_configs:\n- targets: ['flow-exporter:9090']   # no Service flow-exporter",
    good: 'kubernetes_sd_configs:\n- role: pod\n  namespaces: {names: [monitoring]}',
  },
  run(declared) {
    const byNamespace = Map.groupBy(declared.inventory.services, ({ namespace }) => namespace);
    return serviceTargets(declared).flatMap(
      (one) => finding(one, byNamespace.get(one.namespace) ?? [], declared) ?? [],
    );
  },
};

function finding(one: ServiceTarget, there: readonly Service[], declared: Declared): Diagnostic | undefined {
  const { target, namespace, name, service } = one;
  const { port, text } = target.value;
  if (service !== undefined) {
    const ports = service.ports.map((known) => known.port);
    if (port === undefined || ports.length === 0 || ports.includes(port)) return undefined;
    return diagnose(targetNotDeclared, {
      message: `Service ${namespace}/${name} has no port ${port}: every scrape fails`,
      span: target.span,
      related: [{ span: service.source.at(['spec', 'ports']), message: `it has ${ports.join(', ')}` }],
      help: `write \`${text.slice(0, text.lastIndexOf(':'))}:${ports[0]}\``,
    });
  }
  const near = nearest(
    name,
    there.map((known) => known.name),
  );
  const wanted = near && text.replace(name, near);
  const edit = wanted && replaceText(declared.manifests.sources, target.span, text, wanted);
  const fix: Fix | undefined = edit ? { title: `write \`${near}\``, safe: false, edits: [edit] } : undefined;
  const isOwnPort = port === prometheusPort && !name.includes('prometheus');
  const suspicious = isOwnPort ? `, and ${prometheusPort} is the port of Prometheus itself` : '';
  return diagnose(targetNotDeclared, {
    message: `Service ${namespace}/${name} is not declared${suspicious}: every scrape fails unless something else makes it`,
    span: target.span,
    help: near
      ? `write \`${near}\``
      : `declare the exporter and its Service ${name} in namespace ${namespace}, or take its pods by \`kubernetes_sd_configs\``,
    ...(fix && { fix }),
  });
}
