import { type CommandDefinition, ExitCode, outputOption } from '../command.ts';
import { queryOptions } from '../query.ts';

export const flowsCommand: CommandDefinition = {
  name: 'flows',
  arguments: '[filter...]',
  summary: 'query the connections of the store',
  description:
    'Lists connections, newest last, also while `picket run` is writing them. The filter is the one of the page: ' +
    'terms such as src=, dst=, port=, state=, verdict=, process=, joined by and, or, not and parentheses.',
  options: [...queryOptions, outputOption('text', 'json', 'jsonl')],
  examples: [
    { command: 'picket flows verdict=deny --since 1h', does: 'what the policies forbid' },
    { command: "picket flows 'dst=198.51.100.0/24 and not port=443'", does: 'by network and port' },
    { command: 'picket flows process=curl -o jsonl', does: 'for other tools' },
  ],
  async run({ args, options }, io) {
    const { queryStore } = await import('../query.ts');
    const { flowToJson } = await import('../../flow/json.ts');
    const { flowTable } = await import('../flow-text.ts');
    const found = await queryStore('flows', args.join(' '), options, io);
    const json = found.map(flowToJson);
    if (options.output === 'json') io.out(`${JSON.stringify({ schemaVersion: 1, flows: json }, null, 2)}\n`);
    else if (options.output === 'jsonl') for (const flow of json) io.out(`${JSON.stringify(flow)}\n`);
    else if (found.length === 0) io.err('no flows match\n');
    else io.out(flowTable(json.toReversed(), io.style));
    return ExitCode.clean;
  },
};
