import type { Technique } from '../../detect/detector.ts';

/** Names of the techniques that rules are commonly tagged with (MITRE ATT&CK for Enterprise). */
const names: Readonly<Record<string, string>> = {
  T1003: 'OS Credential Dumping',
  T1005: 'Data from Local System',
  T1020: 'Automated Exfiltration',
  T1021: 'Remote Services',
  T1036: 'Masquerading',
  T1037: 'Boot or Logon Initialization Scripts',
  T1041: 'Exfiltration Over C2 Channel',
  T1046: 'Network Service Discovery',
  T1048: 'Exfiltration Over Alternative Protocol',
  T1053: 'Scheduled Task/Job',
  T1055: 'Process Injection',
  T1059: 'Command and Scripting Interpreter',
  T1068: 'Exploitation for Privilege Escalation',
  T1070: 'Indicator Removal',
  T1071: 'Application Layer Protocol',
  T1072: 'Software Deployment Tools',
  T1078: 'Valid Accounts',
  T1083: 'File and Directory Discovery',
  T1090: 'Proxy',
  T1098: 'Account Manipulation',
  T1105: 'Ingress Tool Transfer',
  T1110: 'Brute Force',
  T1132: 'Data Encoding',
  T1133: 'External Remote Services',
  T1190: 'Exploit Public-Facing Application',
  T1195: 'Supply Chain Compromise',
  T1204: 'User Execution',
  T1205: 'Traffic Signaling',
  T1222: 'File and Directory Permissions Modification',
  T1485: 'Data Destruction',
  T1496: 'Resource Hijacking',
  T1505: 'Server Software Component',
  T1543: 'Create or Modify System Process',
  T1546: 'Event Triggered Execution',
  T1547: 'Boot or Logon Autostart Execution',
  T1548: 'Abuse Elevation Control Mechanism',
  T1552: 'Unsecured Credentials',
  T1555: 'Credentials from Password Stores',
  T1556: 'Modify Authentication Process',
  T1557: 'Adversary-in-the-Middle',
  T1564: 'Hide Artifacts',
  T1565: 'Data Manipulation',
  T1572: 'Protocol Tunneling',
  T1574: 'Hijack Execution Flow',
  T1610: 'Deploy Container',
  T1611: 'Escape to Host',
  T1613: 'Container and Resource Discovery',
  T1620: 'Reflective Code Loading',
  T1622: 'Debugger Evasion',
};

/** Returns the techniques that the tags of a rule name, each under the tactic that they name too (`mitre_…`). */
export function techniquesOf(tags: readonly string[]): Technique[] {
  const tactic = tags.find((tag) => tag.startsWith('mitre_'))?.slice('mitre_'.length);
  return tags
    .filter((tag) => /^T\d{4}(?:\.\d{3})?$/.test(tag))
    .map((id) => ({ id, name: names[id.slice(0, 5)] ?? id, tactic: tacticText(tactic) }));
}

/** `credential_access` as `Credential Access`. */
function tacticText(tactic: string | undefined): string {
  if (tactic === undefined) return '';
  const words = tactic
    .split('_')
    .map((word) => (word === 'and' ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`));
  return words.join(' ');
}
