/** Rules that the scenario does not show, with the reason of each. */
export const notShown: Readonly<Record<string, string>> = {
  'Contact K8S API Server From Container':
    'asks for the name of an address (fd.sip.name); none are looked up',
  'Detect outbound connections to common miner pool ports':
    'asks for the name of an address (fd.sip.name); none are looked up',
  'Launch Disallowed Container': 'holds for no event until somebody names the containers that are allowed',
  'Network Connection outside Local Subnet':
    'holds for no event until somebody names the namespaces that it is for',
};
