import { version } from '../../agent/version.ts';
import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';

export const versionCommand: CommandDefinition = {
  name: 'version',
  summary: 'the version of Picket and of what it runs on',
  description: 'Prints the version of Picket, of Node.js and of the kernel.',
  options: [outputOption('text', 'json')],
  examples: [
    { command: 'picket version', does: 'one line each' },
    { command: 'picket version -o json', does: 'for scripts' },
  ],
  async run({ options }, io) {
    const { release } = await import('node:os');
    const versions = { picket: version, node: process.versions.node, linux: release(), arch: process.arch };
    if (options.output === 'json') io.out(`${JSON.stringify({ schemaVersion: 1, ...versions })}\n`);
    else for (const [name, value] of Object.entries(versions)) io.out(`${name.padEnd(7)} ${value}\n`);
    return ExitCode.clean;
  },
};
