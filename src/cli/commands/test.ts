import { cniOf, cniOption } from '../cni.ts';
import { type CommandDefinition, ExitCode, outputOption, UsageError } from '../command.ts';
import { limitOptions, limitsOf } from '../limits.ts';

export const testCommand: CommandDefinition = {
  name: 'test',
  arguments: '[paths...]',
  summary: 'assertions about who may reach whom',
  description:
    'Reads picket-test.yaml and *.picket-test.yaml files beside the manifests and tells which of their assertions hold: ' +
    '`must`, `must-not` and `only`. What fails is shown with one connection that proves it, and with the object that ' +
    'decides. What the manifests do not tell satisfies nothing. Exit code 1 when an assertion fails or cannot be read.',
  options: [
    outputOption('text', 'json', 'junit'),
    { flags: '-q, --quiet', description: 'only what fails' },
    cniOption,
    ...limitOptions,
  ],
  examples: [
    { command: 'picket test deploy/', does: 'manifests and assertions in one folder' },
    { command: 'picket test deploy/ tests/shop.picket-test.yaml', does: 'assertions that stand elsewhere' },
    { command: 'kustomize build . | picket test - picket-test.yaml', does: 'what a generator prints' },
    { command: 'picket test deploy/ -o junit > picket.xml', does: 'for a CI server' },
  ],
  async run({ args, options }, io) {
    if (args.length === 0) {
      throw new UsageError('no manifests named', 'name files or folders, or - for standard input');
    }
    const limits = limitsOf(options);
    const started = new Date();
    const { loadPosture } = await import('../load-posture.ts');
    const { readAssertions } = await import('../../posture/assertions/read.ts');
    const loaded = await loadPosture(args, io, limits, cniOf(options));
    const { assertions, diagnostics: faults, files } = readAssertions(loaded.files, limits);
    if (files.length === 0 || (assertions.length === 0 && faults.length === 0)) {
      throw new UsageError(
        files.length === 0 ? 'no assertion file found' : 'the assertion files hold no assertion',
        'write picket-test.yaml beside the manifests, e.g. assertions: [{must: {from: shop/web, to: shop/api, port: 8080}}]',
      );
    }
    const warn = (text: string) => io.err(`${io.errStyle('yellow', 'warning')}: ${text}\n`);
    const errors = loaded.set.diagnostics.filter(
      ({ severity, span }) => severity === 'error' && !files.includes(span?.file ?? ''),
    ).length;
    if (errors > 0) {
      const many = `${errors} error${errors === 1 ? '' : 's'}`;
      warn(`${many} in the manifests (picket check shows them); answers that rest on them are unknown`);
    }
    for (const { name, reason } of loaded.unreadable) warn(`${name} was not read: ${reason}`);
    const { runAssertions } = await import('../run-assertions.ts');
    const tested = runAssertions(assertions, loaded.posture, io);
    const run = {
      files,
      tested,
      faults,
      startedAt: started.toISOString().slice(0, 19),
      seconds: (Date.now() - started.getTime()) / 1000,
    };
    if (options.output === 'json') {
      const { testJson } = await import('../render/assertions/json.ts');
      io.out(`${JSON.stringify(testJson(run), null, 2)}\n`);
    } else if (options.output === 'junit') {
      const { testJunit } = await import('../render/assertions/junit.ts');
      io.out(testJunit(run));
    } else {
      const { testText } = await import('../render/assertions/text.ts');
      io.out(testText(run, loaded.set.sources, io.style, io.columns, options.quiet === true));
    }
    const failed =
      tested.some(({ passed }) => !passed) ||
      faults.some(({ severity }) => severity === 'error') ||
      loaded.unreadable.length > 0;
    return failed ? ExitCode.problems : ExitCode.clean;
  },
};
