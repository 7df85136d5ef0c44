import { ExitCode, type Invocation, type OptionDefinition, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { printable } from '../table.ts';
import { AgentClient, type Said } from './agent-client.ts';
import { stateText } from './incident-text.ts';

/** Who does it. */
export const byOption: OptionDefinition = {
  flags: '--by <name>',
  description: 'who does it (default: SUDO_USER or USER)',
};

/** Has the agent do something with an incident, and says what it is then. Throws UsageError and FailedError. */
export async function act(
  action: string,
  said: Omit<Said, 'by'>,
  { args, options }: Invocation,
  io: Io,
): Promise<ExitCode> {
  const [id] = args;
  if (id === undefined) throw new UsageError('name the incident', 'picket incidents list shows them');
  const { by = io.env.SUDO_USER ?? io.env.USER } = options;
  const client = new AgentClient(options, io);
  const incident = await client.act(id, action, { ...said, ...(by !== undefined && { by: String(by) }) });
  io.err(`incident ${incident.id} is ${stateText(incident)}: ${printable(incident.title)}\n`);
  if (said.falsePositive === true) {
    const { exceptionText } = await import('./exception-text.ts');
    io.err('so that alerts like these are not raised again, put this into the site file:\n');
    io.out(exceptionText(incident, said.text ?? '', Date.now()));
  }
  return ExitCode.clean;
}
