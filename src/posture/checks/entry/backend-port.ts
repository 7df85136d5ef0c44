import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { ServicePort } from '../../../segmentation/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { type LostTarget, lostTargets, portPath } from './targets.ts';

/** A way in to a port that the Service, or its pods, do not have. */
export const backendPort: Check = {
  code: 'PKT1085',
  title: 'Way in to a port that is not there',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `The backend names a port that the Service does not have, or the Service leads to a named port that no container of its
pods has. The proxy has nowhere to send requests, and answers 503.

An Ingress and a route name the *port* of the Service by number or name, not its \`targetPort\`. A \`targetPort\` that
is a name is looked up among the names in \`containers[].ports\`.`,
  example: {
    bad: 'backend: {service: {name: web, port: {number: 8080}}}   # Service: port 80, targetPort 8080',
    good: 'backend: {service: {name: web, port: {number: 80}}}',
  },
  run(declared) {
    return lostTargets(declared, 'no-such-port')
      .filter(({ entry }) => entry.proxy !== undefined)
      .map((lost) => finding(lost, declared));
  },
};

function finding({ entry, target, namespace, name }: LostTarget, { manifests }: Declared): Diagnostic {
  const { source } = entry;
  const ports = (target.service?.ports ?? []).filter(({ protocol }) =>
    entry.kind === 'UDPRoute' ? protocol === Protocol.Udp : protocol === Protocol.Tcp,
  );
  const { servicePort } = target;
  const isServices = ports.some((port) => port.port === servicePort || port.name === servicePort);
  const span = source.at(portPath(entry, target));
  const only = ports.length === 1 && !isServices ? ports[0] : undefined;
  const meant = only && (typeof servicePort === 'number' ? only.port : only.name);
  const edit =
    meant === undefined
      ? undefined
      : replaceText(manifests.sources, span, String(servicePort), String(meant));
  const fix: Fix | undefined = edit && { title: `use port ${meant}`, safe: false, edits: [edit] };
  return diagnose(backendPort, {
    message: `${target.problem ?? `Service ${namespace}/${name} has no such port`}: requests get no answer`,
    span,
    ...(target.service && {
      related: [
        { span: target.service.source.keyAt(['spec', 'ports']), message: 'the ports of the Service' },
      ],
    }),
    help: isServices
      ? "write the number of the pods' port as the Service's `targetPort`, or name the container's port so"
      : `write ${ports.map(portText).slice(0, 4).join(' or ') || 'a port that the Service has'}`,
    ...(fix && { fix }),
  });
}

function portText({ port, name }: ServicePort): string {
  return name === undefined ? `\`${port}\`` : `\`${port}\` (\`${name}\`)`;
}
