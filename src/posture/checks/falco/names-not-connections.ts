import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { EmbeddedText } from '../../../manifest/embedded.ts';
import { falcoTraffic } from '../../../product/falco-rules.ts';
import { fieldsOf, listOf, textOf } from '../../../segmentation/values.ts';
import type { FalcoItem } from '../../controls/falco.ts';
import type { Check } from '../definition.ts';

const SPEAKS_OF_TRAFFIC =
  /\b(?:connect(?:s|ed|ing|ions?)?|traffic|network activity|exfiltrat\w{0,10}|inbound|outbound|listen\w{0,5})\b/i;
const AT_EXEC = /\b(?:spawned_process|execve(?:at)?)\b/;
const BY_NAME = /\bproc\.(?:name|exe|exepath)\b/;
/** What a program is told to do says more than its name: `nc -e`. */
const BY_ARGUMENTS = /\bproc\.(?:cmdline|cmdargs|args)\b/;

/** A rule about connections that looks at programs' names. */
export const namesNotConnections: Check = {
  code: 'PKT1160',
  title: 'Rule about connections that matches programs',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The rule speaks of connections, but its condition looks at nothing but the names of programs when they start. It sees no
connection: a program of another name, a copy of \`nc\` under a new name, a shell's \`/dev/tcp\` and a library that connects
all pass. And it alerts on starts that connect to nothing, such as \`nc -h\`.

Match the events of connections: the macros \`outbound\` and \`inbound\` of the shipped rules with \`container\`, and names only to
narrow them. Or say in \`desc\` that the rule is about programs that are started.`,
  example: {
    bad: 'desc: Detect unusual network connections\ncondition: spawned_process and proc.name in (nc, ncat)',
    good: 'desc: Detect unusual network connections\ncondition: outbound and container and proc.name in (nc, ncat)',
  },
  run({ controls }) {
    return controls.falcoRules.flatMap(({ items }) => {
      const macros = new Map(
        items
          .filter(({ type }) => type === 'macro')
          .map((item) => [item.name.value, item.condition?.text ?? '']),
      );
      return items.flatMap((item) => {
        const { type, condition } = item;
        if (type !== 'rule' || condition === undefined || !SPEAKS_OF_TRAFFIC.test(said(item))) return [];
        const matches =
          AT_EXEC.test(condition.text) && BY_NAME.test(condition.text) && !BY_ARGUMENTS.test(condition.text);
        return matches && !seesTraffic(condition.text, macros) ? [finding(condition)] : [];
      });
    });
  },
};

function said({ document, path, name }: FalcoItem): string {
  const fields = fieldsOf(listOf(document.value)[Number(path[0])]);
  return `${name.value}\n${textOf(fields.desc) ?? ''}`;
}

/** Whether anything in the condition, or in the macros of the file that it names, is about connections. */
function seesTraffic(condition: string, macros: ReadonlyMap<string, string>): boolean {
  const seen = new Set<string>();
  const left = [condition];
  for (let text = left.pop(); text !== undefined; text = left.pop()) {
    for (const [word] of text.matchAll(/[A-Za-z_][\w.]*/g)) {
      if (word.startsWith('fd.') || falcoTraffic.has(word) || /net|conn|(?:in|out)bound/.test(own(word)))
        return true;
      const macro = macros.get(word);
      if (macro === undefined || seen.has(word)) continue;
      seen.add(word);
      left.push(macro);
    }
  }
  return false;
}

/** A macro of one's own has a name of parts; single words are names of programs too (`netcat`). */
function own(word: string): string {
  return word.includes('_') ? word : '';
}

function finding(condition: EmbeddedText): Diagnostic {
  const [match] = condition.text.matchAll(/\bproc\.name\b/g);
  const at = match?.index ?? condition.text.search(BY_NAME);
  const end = match ? at + match[0].length : at + 1;
  return diagnose(namesNotConnections, {
    message:
      'the rule speaks of connections and matches names of started programs: it sees no connection, and a renamed copy passes',
    span: condition.exact ? condition.at(at, end) : condition.span,
    help: 'write `outbound and container` in place of `spawned_process`, and keep names only to narrow it',
  });
}
