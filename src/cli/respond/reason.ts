import type { OptionDefinition } from '../command.ts';

/** Says why somebody acts, for the audit log. */
export const reasonOption: OptionDefinition = {
  flags: '--reason <text>',
  description: 'why, for the audit log',
};

/** Returns what was given as the reason. */
export function reasonOf({ reason }: Readonly<Record<string, unknown>>): string {
  return typeof reason === 'string' ? reason.slice(0, 500) : 'no reason given';
}
