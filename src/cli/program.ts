import { Command, CommanderError, Option } from 'commander';
import { version } from '../agent/version.ts';
import {
  type CommandDefinition,
  type CommandGroup,
  ExitCode,
  FailedError,
  type Invocation,
  UsageError,
} from './command.ts';
import type { Io } from './io.ts';

/** Runs the command line `args` (without node and script) and returns the exit code. Never throws. */
export async function runProgram(args: readonly string[], makeIo: (colour: string) => Io): Promise<ExitCode> {
  let code: ExitCode = ExitCode.clean;
  let io = makeIo('auto');
  const program = new Command('picket')
    .description('Network security for edge sites, as code.')
    .version(`picket ${version}`, '-V, --version', 'print the version')
    .addOption(
      new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'),
    )
    .showHelpAfterError('(picket --help lists the commands)')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .configureHelp({ helpWidth: 90 })
    .exitOverride()
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  picket run --demo                     a shop in namespaces of its own, then an attack on it',
        '  picket run --manifests deploy/        guard this machine by what the manifests declare',
        '  picket check deploy/                  problems in the manifests',
        '  picket explain PKT0001                what a code means, offline',
        '',
        'Exit codes: 0 clean, 1 problems found, 2 used wrongly, 3 Picket could not do it.',
      ].join('\n'),
    );
  const { commands, groups } = await commandsFor(args);
  const parents = new Map(groups.map((group) => [group.name, addGroup(program, group)]));
  for (const definition of commands) {
    const [first = ''] = definition.name.split(' ');
    addCommand(parents.get(first) ?? program, definition, { commands, groups }, async (invocation) => {
      io = makeIo(String(program.opts().color));
      code = await definition.run(invocation, io);
    });
  }
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return ExitCode.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, io);
  }
}

/** The agent, which runs for months, does without what all other commands need. */
async function commandsFor([name]: readonly string[]): Promise<{
  readonly commands: readonly CommandDefinition[];
  readonly groups: readonly CommandGroup[];
}> {
  if (name !== 'run') return import('./commands/registry.ts');
  const { runCommand } = await import('./commands/run.ts');
  return { commands: [runCommand], groups: [] };
}

/** Prints what ended the command and returns its exit code. */
function report(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.clean : ExitCode.usage;
  const message = error instanceof Error ? error.message : String(error);
  io.err(`${io.errStyle(['red', 'bold'], 'error')}: ${message}\n`);
  const help = error instanceof UsageError || error instanceof FailedError ? error.help : undefined;
  if (help) io.err(`  ${io.errStyle('cyan', 'help')}: ${help}\n`);
  if (error instanceof UsageError) return ExitCode.usage;
  if (!(error instanceof FailedError) && error instanceof Error && io.env.PICKET_DEBUG)
    io.err(`${error.stack}\n`);
  return ExitCode.failed;
}

function addGroup(program: Command, { name, summary, description }: CommandGroup): Command {
  return program
    .command(name)
    .summary(summary)
    .description(description)
    .showHelpAfterError(`(picket ${name} --help lists its commands)`);
}

function addCommand(
  parent: Command,
  definition: CommandDefinition,
  { commands, groups }: Pick<Invocation, 'commands' | 'groups'>,
  action: (invocation: Invocation) => Promise<void>,
): void {
  const command = parent
    .command(definition.name.split(' ').at(-1) as string)
    .summary(definition.summary)
    .description(definition.description)
    .showHelpAfterError(`(picket ${definition.name} --help shows how it is used)`);
  if (definition.arguments) command.arguments(definition.arguments);
  for (const { flags, description, choices, default: preset, repeatable } of definition.options) {
    const option = new Option(flags, description);
    if (choices) option.choices([...choices]);
    if (repeatable) option.argParser((value: string, list: string[] | undefined) => [...(list ?? []), value]);
    if (preset !== undefined) option.default(preset);
    command.addOption(option);
  }
  const width = Math.max(...definition.examples.map((example) => example.command.length));
  const examples = definition.examples.map(({ command: text, does }) => `  ${text.padEnd(width)}   ${does}`);
  command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  command.action(() =>
    action({
      args: command.processedArgs.flat().filter((value) => typeof value === 'string'),
      options: command.opts(),
      commands,
      groups,
    }),
  );
}
