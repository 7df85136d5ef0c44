import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import { falcoConfigKeys, removedFalcoConfigKeys } from '../../../product/falco.ts';
import { fieldsOf } from '../../../segmentation/values.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { removeLines, replaceText } from '../yaml-edit.ts';
import { isBefore } from './setup.ts';

/** Keys of falco.yaml that Falco has no more, or never had. */
export const notASetting: Check = {
  code: 'PKT1152',
  title: 'Setting that Falco does not have',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `The file has a key that current releases of Falco do not know. Falco compares the file with its schema, logs that it does
not fit, and goes on without the key: what it was to do is not done.

\`outputs\` (\`rate\`, \`max_burst\`) was a limit on alerts and went with 0.37, because it dropped alerts without a word: with
\`rate: 1\`, every alert beyond one a second once the burst was used up. Limit repeated alerts where they are received. It is
not \`outputs_queue\`, which is the size of a queue.

Only keys at the top of the file are looked at.`,
  example: { bad: 'json_output: true\noutputs:\n  rate: 1\n  max_burst: 1000', good: 'json_output: true' },
  run(declared) {
    return declared.controls.falcoConfigs.flatMap((config) =>
      Object.keys(fieldsOf(config.document.value)).flatMap((key) => finding(config, key, declared) ?? []),
    );
  },
};

function finding(config: FalcoConfig, key: string, declared: Declared): Diagnostic | undefined {
  const { document } = config;
  const { sources } = declared.manifests;
  const span = document.keyAt([key]);
  const gone = removedFalcoConfigKeys.get(key);
  if (gone !== undefined) {
    if (gone.release !== undefined && isBefore(config, gone.release, declared)) return undefined;
    const since = gone.release === undefined ? 'went' : `went with Falco ${gone.release}`;
    const edit = removeLines(sources, span, document.at([key]));
    const fix: Fix | undefined = edit && { title: `delete \`${key}\``, safe: true, edits: [edit] };
    return diagnose(notASetting, {
      message: `\`${key}\` ${since}: ${gone.effect ?? 'it is ignored'}, and the file does not fit Falco's schema`,
      span,
      help: gone.instead ?? 'delete it',
      ...(fix && { fix }),
    });
  }
  if (falcoConfigKeys.has(key)) return undefined;
  const meant = nearest(key, falcoConfigKeys.keys());
  // New releases add keys: only what looks like another one is told.
  if (meant === undefined || Object.hasOwn(fieldsOf(document.value), meant)) return undefined;
  const edit = replaceText(sources, span, key, meant);
  const fix: Fix | undefined = edit && { title: `write \`${meant}\``, safe: false, edits: [edit] };
  return diagnose(notASetting, {
    message: `Falco has no setting \`${key}\`: it is ignored`,
    span,
    help: `write \`${meant}\``,
    ...(fix && { fix }),
  });
}
