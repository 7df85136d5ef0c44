import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import { isController, type NginxConfig, namesSettings } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { unreadSettings } from './settings.ts';

/** Settings of ingress-nginx in a ConfigMap that it does not read. */
export const configMapUnread: Check = {
  code: 'PKT1105',
  title: 'Settings that ingress-nginx does not read',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The keys of this ConfigMap are settings of ingress-nginx. The controller reads one ConfigMap only: the one that its flag
\`--configmap\` names, which is \`${ingressNginx.configMap.namespace}/${ingressNginx.configMap.name}\` in the project's own manifests. Nothing here
reads this one, so no setting in it holds.

Put the keys into the ConfigMap that is read, or name this one in \`--configmap\`.`,
  example: {
    bad: 'kind: ConfigMap\nmetadata: {name: tls-config, namespace: ingress-nginx}\ndata: {ssl-protocols: TLSv1.3}',
    good: 'kind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {ssl-protocols: TLSv1.3}',
  },
  run(declared) {
    return unreadSettings(declared).map((config) => finding(config, declared));
  },
};

function finding({ object }: NginxConfig, declared: Declared): Diagnostic {
  const { controls, manifests } = declared;
  const use = controls.consumption.uses.find(namesSettings);
  const read = use ?? ingressNginx.configMap;
  const wanted = `${read.namespace}/${read.name}`;
  const isTaken = controls.objects.some(
    ({ kind, namespace, name }) => kind === 'ConfigMap' && namespace === read.namespace && name === read.name,
  );
  const who =
    use !== undefined || controls.containers.some(isController) ? 'the controller' : 'ingress-nginx';
  const span = object.source.at(['metadata', 'name']);
  const edit =
    isTaken || object.namespace !== read.namespace
      ? undefined
      : replaceText(manifests.sources, span, object.name, read.name);
  const fix: Fix | undefined = edit && { title: `call it \`${read.name}\``, safe: false, edits: [edit] };
  const place = use === undefined ? `${wanted} unless \`--configmap\` names another` : wanted;
  return diagnose(configMapUnread, {
    message: `nothing reads these settings: ${who} reads ConfigMap ${place}`,
    span,
    ...(use && { related: [{ span: use.span, message: 'the one that is read' }] }),
    help: isTaken
      ? `move the keys to ConfigMap ${wanted}`
      : `call it \`${read.name}\`, in namespace ${read.namespace}`,
    ...(fix && { fix }),
  });
}
