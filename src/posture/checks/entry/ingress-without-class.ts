import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Resource } from '../../../manifest/resource.ts';
import { ingressNginx } from '../../../product/ingress-nginx.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields, isPlainName } from '../yaml-edit.ts';

/** An Ingress that perhaps no controller takes. */
export const ingressWithoutClass: Check = {
  code: 'PKT1080',
  title: 'Ingress without a class',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The Ingress names no class, and no declared IngressClass is the default one. A controller takes the Ingresses of its class
only; ingress-nginx takes those without one only when started with \`${ingressNginx.withoutClassFlag}\`. The
Ingress stays without an address, and nobody says why.

It works if the cluster has a default IngressClass that these manifests do not show. Naming the class makes it certain,
and no change of the default moves the Ingress to another controller.`,
  example: {
    bad: 'kind: Ingress\nspec:\n  rules: [{host: shop.example.com}]',
    good: 'kind: Ingress\nspec:\n  ingressClassName: nginx\n  rules: [{host: shop.example.com}]',
  },
  run(declared) {
    const classes = declared.manifests.resources.filter(({ kind }) => kind === 'IngressClass');
    const defaults = classes.filter(
      ({ annotations }) => annotations['ingressclass.kubernetes.io/is-default-class'] === 'true',
    );
    return declared.entries
      .filter(({ kind, faults }) => kind === 'Ingress' && faults.some((fault) => fault.kind === 'unclear'))
      .map((entry) => finding(entry, { classes, defaults }, declared));
  },
};

interface Classes {
  readonly classes: readonly Resource[];
  readonly defaults: readonly Resource[];
}

function finding({ source }: Entry, { classes, defaults }: Classes, { manifests }: Declared): Diagnostic {
  const name = classFor(source, defaults.length > 0 ? defaults : classes);
  const edit =
    name !== undefined && isPlainName(name)
      ? appendFields(manifests.sources, source, ['spec'], [`ingressClassName: ${name}`])
      : undefined;
  const fix: Fix | undefined = edit
    ? { title: `name class \`${name}\``, safe: false, edits: [edit] }
    : undefined;
  return diagnose(ingressWithoutClass, {
    message:
      defaults.length > 0
        ? `no manifest tells which controller takes this Ingress: it names no class, and ${defaults.length} classes are the default`
        : 'no controller takes this Ingress unless the cluster has a default class: it names none',
    span: source.keyAt(['spec']),
    help: `add \`ingressClassName: ${name ?? '…'}\` to \`spec\``,
    ...(fix && { fix }),
  });
}

/** The declared class whose controller its annotations are for, else the only one. */
function classFor({ annotations }: Resource, classes: readonly Resource[]): string | undefined {
  const { annotationPrefix, controllerName, className } = ingressNginx;
  const isNginx = Object.keys(annotations).some((key) => key.startsWith(annotationPrefix));
  const ofNginx = classes.find(({ value }) => fieldAt(value, 'spec', 'controller') === controllerName);
  if (isNginx) return ofNginx?.name ?? className;
  return classes.length === 1 ? classes[0]?.name : undefined;
}
