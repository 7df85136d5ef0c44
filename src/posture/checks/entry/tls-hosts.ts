import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../../segmentation/values.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';

/** An Ingress whose certificates are for other hosts than its rules. */
export const tlsHosts: Check = {
  code: 'PKT1082',
  title: 'TLS hosts and rule hosts differ',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The \`tls\` section of an Ingress lists hosts and the Secret of their certificate; its rules list hosts and where requests
go. A host that only \`tls\` names gets a certificate and no answer. A host that only the rules name is served with a
certificate for other names, or without TLS: clients see a warning, or nobody does.

Write the same hosts in both. \`*.example.com\` covers one label, not \`example.com\` itself.`,
  example: {
    bad: 'tls: [{hosts: [shop.example.com], secretName: shop-tls}]\nrules: [{host: www.example.com}]',
    good: 'tls: [{hosts: [www.example.com], secretName: shop-tls}]\nrules: [{host: www.example.com}]',
  },
  run(declared) {
    return declared.entries
      .filter(({ kind, tls }) => kind === 'Ingress' && tls === true)
      .flatMap((entry) => findingsOf(entry, declared));
  },
};

interface PlacedHost {
  readonly host: string;
  readonly path: readonly (string | number)[];
}

function findingsOf(entry: Entry, declared: Declared): Diagnostic[] {
  const { source } = entry;
  const items = listOf(fieldAt(source.value, 'spec', 'tls')).map((item) => listOf(fieldsOf(item).hosts));
  const certified = items.flatMap((hosts, i) =>
    hosts.flatMap((value, j): PlacedHost[] => {
      const host = textOf(value);
      return host === undefined ? [] : [{ host, path: ['spec', 'tls', i, 'hosts', j] }];
    }),
  );
  const rules = listOf(fieldAt(source.value, 'spec', 'rules')).map((rule) => textOf(fieldsOf(rule).host));
  const served = rules.flatMap((host, i): PlacedHost[] =>
    host === undefined ? [] : [{ host, path: ['spec', 'rules', i, 'host'] }],
  );
  // A rule, a default backend and a certificate without hosts are for any host.
  const servesAny = served.length < rules.length || entry.targets.some(({ isDefault }) => isDefault);
  const coversAny = items.some((hosts) => hosts.length === 0);
  const wanted = new Set(served.flatMap(({ host }) => patternsFor(host)));
  const patterns = new Set(certified.map(({ host }) => host.toLowerCase()));
  const idle = servesAny ? [] : certified.filter(({ host }) => !wanted.has(host.toLowerCase()));
  const bare = coversAny
    ? []
    : served.filter(({ host }) => !patternsFor(host).some((pattern) => patterns.has(pattern)));
  return [
    ...idle.map((one) => idleFinding(entry, one, bare, declared)),
    // Each idle host is told with the one that it may be meant for.
    ...(idle.length > 0 ? [] : bare.slice(0, 1).map((one) => bareFinding(entry, one, bare))),
  ];
}

/** The patterns that cover a host: its own name, and the wildcard for its first label (networking/v1 IngressRule). */
function patternsFor(host: string): string[] {
  const name = host.toLowerCase();
  const dot = name.indexOf('.');
  return dot < 0 ? [name] : [name, `*${name.slice(dot)}`];
}

function idleFinding(
  { source }: Entry,
  { host, path }: PlacedHost,
  bare: readonly PlacedHost[],
  { manifests }: Declared,
): Diagnostic {
  const uncovered = bare.slice(0, 50).map((one) => one.host);
  const meant = nearest(host, uncovered) ?? (uncovered.length === 1 ? uncovered[0] : undefined);
  const span = source.at(path);
  const edit = meant === undefined ? undefined : replaceText(manifests.sources, span, host, meant);
  const fix: Fix | undefined = edit && { title: `write \`${meant}\``, safe: false, edits: [edit] };
  const instead = uncovered.length === 0 ? '' : `, and none is named for ${uncovered.slice(0, 3).join(', ')}`;
  return diagnose(tlsHosts, {
    message: `no rule is for \`${host}\`, which has a certificate${instead}`,
    span,
    help:
      meant === undefined
        ? `add a rule for \`${host}\`, or delete it here`
        : `write \`${meant}\`, and have the certificate name it`,
    ...(fix && { fix }),
  });
}

function bareFinding({ source }: Entry, { path }: PlacedHost, bare: readonly PlacedHost[]): Diagnostic {
  const names = bare.slice(0, 3).map(({ host }) => `\`${host}\``);
  const more = bare.length > names.length ? ` and ${bare.length - names.length} more` : '';
  return diagnose(tlsHosts, {
    message: `\`tls\` names no certificate for ${names.join(', ')}${more}`,
    span: source.at(path),
    help: 'add the host to the `hosts` of a `tls` item whose certificate names it',
  });
}
