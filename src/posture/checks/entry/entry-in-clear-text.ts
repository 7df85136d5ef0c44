import { type Diagnostic, diagnose, type RelatedSpan, type Span } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import type { Entry, EntryKind } from '../../../segmentation/entry/model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../../segmentation/values.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import { isController } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { isTrue, settingValue, unreadSettings } from '../nginx/settings.ts';

/** A way in for HTTP that has no TLS. */
export const entryInClearText: Check = {
  code: 'PKT1081',
  title: 'Way in without TLS',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `An Ingress without a \`tls\` section, a route whose listeners speak HTTP, or a Route without \`tls\`: whoever is on the way
reads and changes what clients send, passwords and session cookies included.

Where ingress-nginx is told \`force-ssl-redirect\`, clients are sent to TLS all the same, and there they meet the
controller's self-signed certificate, which they rightly refuse.

Name the hosts and the Secret of their certificate in \`tls\`, or hang the route on an HTTPS listener. A route that only
redirects to TLS has no backends and is not meant.`,
  example: {
    bad: 'spec:\n  rules:\n  - host: shop.example.com',
    good: 'spec:\n  tls:\n  - hosts: [shop.example.com]\n    secretName: shop-tls\n  rules:\n  - host: shop.example.com',
  },
  run(declared) {
    const entries = declared.entries.filter(isClear);
    if (entries.length === 0) return [];
    const nginx = nginxOf(declared);
    return entries.flatMap((entry) => finding(entry, nginx) ?? []);
  },
};

function isClear({ kind, tls, targets, listeners, source }: Entry): boolean {
  if (tls !== false || targets.length === 0) return false;
  if (kind === 'Ingress') return !certifiedOtherwise(source);
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute') {
    return listeners.length > 0 && listeners.every((listener) => listener.protocol === 'HTTP');
  }
  return kind === 'Route' && fieldAt(source.value, 'spec', 'tls') === undefined;
}

/** Whether annotations of another controller bring a certificate, or say where TLS ends. */
function certifiedOtherwise({ annotations }: Resource): boolean {
  return Object.keys(annotations).some(
    (key) =>
      !key.startsWith('cert-manager.io/') &&
      /certificate|-cert\b|router\.tls|ssl-passthrough|termination/.test(key),
  );
}

/** What the set says of ingress-nginx: whether it redirects all hosts to TLS, and what it shows there. */
interface Nginx {
  readonly redirects: boolean;
  readonly hasDefaultCertificate: boolean;
  /** Settings that would redirect, if only the controller read them. */
  readonly unread: readonly RelatedSpan[];
}

function finding(entry: Entry, nginx: Nginx): Diagnostic | undefined {
  const { kind, hosts } = entry;
  const isForced = kind === 'Ingress' && isRedirected(entry, nginx);
  if (isForced && nginx.hasDefaultCertificate) return undefined;
  const more = hosts.length > 3 ? ', …' : '';
  const whom = hosts.length === 0 ? 'any host' : hosts.slice(0, 3).join(', ') + more;
  const follows = isForced
    ? `clients of ${whom} are sent to TLS and get the controller's self-signed certificate`
    : `clients speak clear text to ${whom}`;
  return diagnose(entryInClearText, {
    message: `${follows}: ${why(kind)}`,
    span: placeOf(entry),
    related: isForced || kind !== 'Ingress' ? [] : nginx.unread,
    help: helpFor(entry),
  });
}

function why(kind: EntryKind): string {
  if (kind === 'Ingress') return 'the Ingress has no `tls` section';
  return kind === 'Route' ? 'the Route has no `tls`' : 'its listeners speak HTTP';
}

function helpFor({ kind, hosts, name }: Entry): string {
  if (kind === 'Route')
    return 'add `tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}` to `spec`';
  if (kind !== 'Ingress') {
    return 'hang it on a listener of protocol HTTPS, and let a route on the HTTP listener redirect (filter `RequestRedirect`, `scheme: https`)';
  }
  return `add \`tls: [{hosts: [${hosts.slice(0, 3).join(', ')}], secretName: ${name}-tls}]\` to \`spec\`, with the Secret of the certificate`;
}

function placeOf({ kind, source }: Entry): Span {
  if (kind === 'HTTPRoute' || kind === 'GRPCRoute') return source.keyAt(['spec', 'parentRefs']);
  if (kind === 'Route') return source.keyAt(['spec']);
  const rules = listOf(fieldAt(source.value, 'spec', 'rules'));
  const named = rules.findIndex((rule) => textOf(fieldsOf(rule).host) !== undefined);
  return named < 0 ? source.keyAt(['spec']) : source.at(['spec', 'rules', named, 'host']);
}

/** Whether ingress-nginx sends its clients to TLS though it names no certificate. */
function isRedirected({ source, proxy }: Entry, { redirects }: Nginx): boolean {
  const { annotationPrefix, controllerName } = ingressNginx;
  const own = source.annotations[`${annotationPrefix}force-ssl-redirect`];
  if (own !== undefined) return isTrue(own);
  if (proxy?.controller !== undefined && proxy.controller !== controllerName) return false;
  return redirects;
}

function nginxOf(declared: Declared): Nginx {
  const controllers = declared.controls.containers.filter(isController);
  const hasFlag = ({ argv }: ContainerFacts) =>
    argv.some(({ value }) => value.startsWith('--default-ssl-certificate='));
  const message =
    "once this is read, clients are sent to TLS and get the controller's self-signed certificate";
  const unread = unreadSettings(declared).flatMap(({ settings }) =>
    settings
      .filter(({ name, value }) => name === 'force-ssl-redirect' && isTrue(value))
      .map(({ keySpan }) => ({ span: keySpan, message })),
  );
  return {
    redirects: isTrue(settingValue(declared, 'force-ssl-redirect')),
    hasDefaultCertificate: controllers.length > 0 && controllers.every(hasFlag),
    unread: unread.slice(0, 3),
  };
}
