/** Rules that the scenario does not show, with the reason of each. */
export const notShown: Readonly<Record<string, string>> = {
  'Contact K8S API Server From Container':
    'asks for a name (fd.sip.name) that only DNS could tell here; such rules are shown beside the code',
  'Detect outbound connections to common miner pool ports':
    'asks for a name (fd.sip.name) that only DNS could tell here; such rules are shown beside the code',
  'Launch Disallowed Container': 'holds for no event until somebody names the containers that are allowed',
  'Network Connection outside Local Subnet':
    'holds for no event until somebody names the namespaces that it is for',
};
