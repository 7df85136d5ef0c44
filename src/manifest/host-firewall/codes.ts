import type { Code, CodeDefinition } from '../../diagnostic/diagnostic.ts';

type Example = NonNullable<CodeDefinition['example']>;

function firewallCode(code: Code, title: string, doc: string, example: Example): CodeDefinition {
  return { code, title, class: 'schema', severity: 'error', since: '0.2.0', doc, example };
}

export const firewallValue = firewallCode(
  'PKT0050',
  'Value that a host firewall cannot have',
  `A range of addresses, a port, an interface, a rate or a time in a HostFirewall is not written as it must be. Nothing of the
declaration is used: half a packet filter may let in what the whole keeps out.

Addresses are written as \`192.0.2.7\`, \`192.0.2.0/24\` or \`2001:db8::/32\`, ports as \`22\` or \`8000-8090\`, interfaces as \`eth0\`
or \`vlan*\`, rates as \`10/minute\`, \`10/minute per source\` or \`10/minute per source burst 20\`, times as \`30s\`, \`10m\` or \`1h30m\`.`,
  {
    bad: 'allow:\n- {service: ssh, limit: 10 per minute}',
    good: 'allow:\n- {service: ssh, limit: 10/minute per source}',
  },
);

export const unknownService = firewallCode(
  'PKT0051',
  'Unknown service',
  `A rule of a HostFirewall names a service that Picket does not know, so that its ports are not known either. The reference of the
host firewall lists all names.

Write the name as it is listed, or \`protocol\` and \`ports\`.`,
  {
    bad: 'allow:\n- service: kube-api',
    good: 'allow:\n- service: kubernetes-api\n- {protocol: tcp, ports: [6443]}',
  },
);

export const firewallRule = firewallCode(
  'PKT0052',
  'Rule that says too much or too little',
  `A rule of a HostFirewall says what traffic is meant in two ways (\`service\` beside \`protocol\` or \`ports\`), gives ports of a protocol that
has none, has a list in which nothing is named, or names nothing at all. What is left out means "any", so that an empty rule would let in
everything; an empty list would be nobody, which no rule is needed for.`,
  {
    bad: 'allow:\n- {service: ssh, ports: [2222]}\n- {service: https, from: []}',
    good: 'allow:\n- {ports: [22, 2222]}\n- {service: https}',
  },
);

/** Codes of HostFirewalls, as resources and in the site file. */
export const hostFirewallCodes: readonly CodeDefinition[] = [firewallValue, unknownService, firewallRule];
