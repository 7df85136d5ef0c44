/** The five parts of an attack that count for its order; ATT&CK's tactics fall into them. */
export type Phase = 'looking' | 'access' | 'movement' | 'control' | 'effect';

/** In the order of an attack that succeeds. */
export const phases: readonly Phase[] = ['looking', 'access', 'movement', 'control', 'effect'];

/** ATT&CK for Enterprise in the order of its matrix; the parts that 19 made of Defense Evasion stand where that stood. */
const tactics: Readonly<Record<string, Phase>> = {
  Reconnaissance: 'looking',
  'Resource Development': 'looking',
  'Initial Access': 'access',
  Execution: 'access',
  Persistence: 'access',
  'Privilege Escalation': 'access',
  'Defense Evasion': 'access',
  Stealth: 'access',
  'Defense Impairment': 'access',
  'Credential Access': 'access',
  Discovery: 'looking',
  'Lateral Movement': 'movement',
  Collection: 'effect',
  'Command and Control': 'control',
  Exfiltration: 'effect',
  Impact: 'effect',
};

const order: readonly string[] = Object.keys(tactics);

/** Whoever does one of these to somebody may have him in hand afterwards. */
const takeover: ReadonlySet<string> = new Set([
  'Initial Access',
  'Execution',
  'Persistence',
  'Privilege Escalation',
  'Credential Access',
  'Lateral Movement',
]);

/** Returns the part of an attack that a tactic belongs to; undefined where the name is none of ATT&CK's. */
export function phaseOf(tactic: string): Phase | undefined {
  return tactics[tactic];
}

/** Returns the place of a tactic in ATT&CK's matrix, names that are not in it last. */
export function tacticOrder(tactic: string): number {
  const index = order.indexOf(tactic);
  return index < 0 ? order.length : index;
}

/** Tells whether a tactic, where it succeeds, gives its target into the hands of who does it. */
export function takesOver(tactic: string): boolean {
  return takeover.has(tactic);
}

/** Tells whether the target of a tactic is where orders come from or data goes to, and not whom it harms. */
export function leadsOut(tactic: string): boolean {
  return tactic === 'Command and Control' || tactic === 'Exfiltration';
}
