/** Rules that the scenario does not show, with the reason of each. */
export const notShown: Readonly<Record<string, string>> = {
  'Contact K8S API Server From Container':
    'asks for the name of an address (fd.sip.name); none are looked up',
  'Debugfs Launched in Privileged Container': 'asks the container engine (container.privileged)',
  'Detect outbound connections to common miner pool ports':
    'asks for the name of an address (fd.sip.name); none are looked up',
  'Launch Disallowed Container': 'holds for no event until somebody names the containers that are allowed',
  'Launch Privileged Container': 'asks the container engine (container.privileged)',
  'Launch Sensitive Mount Container': 'asks the container engine (container.mount.dest)',
  'Mount Launched in Privileged Container': 'asks the container engine (container.privileged)',
  'Network Connection outside Local Subnet': 'asks the container engine (k8s.ns.name)',
};
