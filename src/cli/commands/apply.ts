import { commitOptions, desiredOptions, machineOptions } from '../apply/options.ts';
import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';

export const applyCommand: CommandDefinition = {
  name: 'apply',
  arguments: '[paths...]',
  summary: 'change the packet filter of this machine, so that it undoes itself unless you confirm',
  description:
    "Makes Picket's own table, `inet picket`, the wanted one by a single transaction, and touches nothing else. First it is planned, as `picket plan` " +
    'does, and refused by name where it would cut what the machine is managed by or lives on. Before anything changes, a timer outside of Picket is ' +
    'started that puts back the old state after --confirm, also when Picket is killed. Afterwards it looks whether the ssh connection, ' +
    "Picket's own page and every --probe are as before, and rolls back at once where not. At a terminal it asks whether to keep the change; else " +
    '`picket confirm` keeps it. Blocks with a time go on with what they have left. When the machine starts, what was confirmed last is what counts. ' +
    'Exit code 0 where the table is as wanted, 1 where the change was refused or rolled back.',
  options: [...desiredOptions, ...machineOptions, ...commitOptions, outputOption('text', 'json')],
  examples: [
    { command: 'picket apply --nft edge.nft', does: 'apply, look whether you are still there, type yes' },
    {
      command: 'picket apply picket.yaml --confirm 5m',
      does: 'from a script: five minutes for picket confirm',
    },
    {
      command: 'picket apply picket.yaml --confirm-by probe --probe 203.0.113.64:6443',
      does: 'kept where the API server is still reached',
    },
    { command: 'picket apply --nft edge.nft --accept-risk ssh', does: 'at the console of the machine' },
    { command: 'picket apply --remove', does: "take Picket's table away" },
  ],
  async run({ args, options }, io) {
    const { readDesired } = await import('../apply/desired.ts');
    const { openControl } = await import('../apply/control.ts');
    const { runApply } = await import('../apply/run-apply.ts');
    const desired = await readDesired({ args, options }, io);
    if (desired === undefined) return ExitCode.problems;
    return runApply(await openControl(options, io), desired, options, io);
  },
};
