import { expect, test } from 'vitest';
import { readManifests } from '../../manifest/read.ts';
import { compileHostFirewall } from './compile.ts';
import { declaredHostFirewalls, hostFirewallFor } from './declared.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const resource = (name: string, spec: string) =>
  `---\napiVersion: picket.dev/v1alpha1\nkind: HostFirewall\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const declared = (manifests: string, site = '') =>
  declaredHostFirewalls(
    readManifests([
      { name: 'fw.yaml', bytes: bytes(manifests) },
      ...(site === '' ? [] : [{ name: 'site/picket.yaml', bytes: bytes(site) }]),
    ]),
  );

test('the declaration with the most labels that a machine has is in force, the site file last', () => {
  const all = declared(
    resource('all', '{}') +
      resource('edge', '{nodeSelector: {role: edge}}') +
      resource('both', '{nodeSelector: {role: edge, zone: a}}') +
      resource('rival', '{nodeSelector: {zone: b}}'),
    'firewall: {}\n',
  );
  const chosen = (labels: Record<string, string>) => {
    const { chosen: one, rivals } = hostFirewallFor(all, labels);
    return [one, ...rivals].map((each) => each?.name);
  };
  expect(chosen({})).toEqual(['HostFirewall all']);
  expect(chosen({ role: 'edge' })).toEqual(['HostFirewall edge']);
  expect(chosen({ role: 'edge', zone: 'a' })).toEqual(['HostFirewall both']);
  expect(chosen({ role: 'edge', zone: 'b' })).toEqual(['HostFirewall edge', 'HostFirewall rival']);
  const own = declared('', 'firewall: {}\n');
  expect(hostFirewallFor(own, { role: 'edge' }).chosen?.name).toBe('picket.yaml');
  expect(hostFirewallFor([], {})).toEqual({ chosen: undefined, rivals: [] });
});

test('of resources of one name the last counts', () => {
  const all = declared(resource('a', '{policy: accept}') + resource('a', '{}'));
  expect(all.map(({ firewall }) => firewall?.inbound.policy)).toEqual(['drop']);
});

test('names are those of zones and of the hosts of the site file, and what is not declared is nobody', () => {
  const site = 'hosts: {office: 198.51.100.0/24, lan: 192.0.2.1}\n';
  const spec =
    '{zones: {lan: {interfaces: [eth0]}, far: {sources: [203.0.113.0/24]}}, allow: [{service: ssh, from: [offcie, "2001:db8::/200"]}, {service: dns, from: office, to: [lan, far, nowhere]}]}';
  const [own] = declared(resource('edge', spec), site);
  expect(own!.problems).toMatchObject([
    { path: ['zones', 'lan'], help: 'give the zone another name' },
    { path: ['allow', 0, 'from', 0], help: 'write `office`' },
    {
      path: ['allow', 0, 'from', 1],
      message: '`2001:db8::/200` is neither an address nor a range in CIDR form',
    },
    {
      path: ['allow', 1, 'to', 0],
      message: 'the zone `lan` has interfaces, and what is for the machine leaves by none',
    },
    { path: ['allow', 1, 'to', 2], help: 'declare it under `zones` here or under `hosts` in picket.yaml' },
  ]);
  expect(own!.at(own!.problems[1]!.path).start).toMatchObject({ line: 5 });
  expect(own!.firewall).toBeUndefined();
});

test('a declaration that does not fit its schema is told of, and none of it is in force', () => {
  const all = declared(
    resource('edge', '{allow: [{service: sssh}, {service: dns}]}'),
    'firewall: {policy: 7}\n',
  );
  expect(all.map(({ name, firewall }) => [name, firewall])).toEqual([
    ['HostFirewall edge', undefined],
    ['picket.yaml', undefined],
  ]);
});

test('whatever stands in a name of a file, the text has no line of its own for it', () => {
  const [own] = declared(resource('edge', '{allow: [{service: ssh}]}'));
  const { text } = compileHostFirewall(own!.firewall!, { origin: () => 'a\n\t\taccept\\\nb"' });
  expect(text).toContain('\t\t# allow[0] (a???accept??b")\n');
});
