import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';

/** A HostFirewall that names a zone or host which is not there. */
export const undeclaredName: Check = {
  code: 'PKT1270',
  title: 'Host firewall names what is not declared',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A rule of a HostFirewall says \`from\` or \`to\` a name that is no zone of the declaration and no host of the site file, that
is both, or a zone with interfaces where only addresses can be meant. Whom the rule lets in is not known, so that nothing of the
declaration is put in force, and verdicts that hang on it are unknown.

Declare the name under \`zones\` of the HostFirewall or under \`hosts\` in \`picket.yaml\`, or write the addresses.`,
  example: {
    bad: 'hosts: {office: 198.51.100.0/24}\nfirewall:\n  allow:\n  - {service: ssh, from: offcie}',
    good: 'hosts: {office: 198.51.100.0/24}\nfirewall:\n  allow:\n  - {service: ssh, from: office}',
  },
  run({ hostFirewalls }) {
    return hostFirewalls.flatMap(({ problems, at, keyAt }) =>
      problems.map(({ path, message, help }) =>
        diagnose(undeclaredName, { message, help, span: path[0] === 'zones' ? keyAt(path) : at(path) }),
      ),
    );
  },
};
