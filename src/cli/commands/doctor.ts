import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { stateOption } from '../state.ts';

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  summary: 'what this machine can give Picket, and what it lacks',
  description:
    'Probes everything that Picket rests on: Node.js, each sensor, the store, the addresses it serves on, the page, ' +
    'and what the demo needs. Changes nothing. Exit code 1 when something is missing.',
  options: [
    stateOption,
    {
      flags: '--listen <address>',
      description: 'address of the page, as for run',
      default: '127.0.0.1:8470',
    },
    {
      flags: '--metrics-listen <address>',
      description: 'address of /metrics, as for run',
      default: '127.0.0.1:9090',
    },
    outputOption('text', 'json'),
  ],
  examples: [
    { command: 'picket doctor', does: 'one line for each thing, with what to do' },
    { command: 'picket doctor -o json', does: 'for scripts' },
  ],
  async run({ options }, io) {
    const { examine } = await import('../examine.ts');
    const items = await examine(options, io);
    if (options.output === 'json') io.out(`${JSON.stringify({ schemaVersion: 1, items }, null, 2)}\n`);
    else {
      const width = Math.max(...items.map(({ id }) => id.length));
      const marks = {
        ok: io.style('green', 'ok     '),
        warning: io.style('yellow', 'warning'),
        failing: io.style('red', 'missing'),
      };
      for (const { id, state, text, help } of items) {
        io.out(`${marks[state]}  ${id.padEnd(width)}  ${text}\n`);
        if (help) io.out(`${' '.repeat(width + 11)}${io.style('cyan', 'help')}: ${help}\n`);
      }
    }
    return items.every(({ state }) => state === 'ok') ? ExitCode.clean : ExitCode.problems;
  },
};
