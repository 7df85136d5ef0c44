import { faultySetting } from './codes.ts';
import { nodeAt, type SettingNode } from './node.ts';
import type { Report } from './report.ts';
import type { OutputAppend, RuleSelection } from './settings.ts';
import { textOf, textsOf } from './values.ts';

/** Returns the entries of `rules`. */
export function readSelections(node: SettingNode | undefined, report: Report): RuleSelection[] {
  return (node?.kind === 'list' ? node.items : []).flatMap((item) =>
    (['enable', 'disable'] as const).flatMap((action): RuleSelection[] => {
      const wanted = nodeAt(item, action);
      if (wanted === undefined) return [];
      const [rule, tag] = [textOf(nodeAt(wanted, 'rule')), textOf(nodeAt(wanted, 'tag'))];
      if (rule === undefined && tag === undefined) {
        report.say(faultySetting, wanted.place, `\`${wanted.place.name}\` names neither a rule nor a tag`, {
          help: 'write `rule: NAME` or `tag: NAME` below it',
        });
        return [];
      }
      return [
        {
          action,
          ...(rule !== undefined && { rule }),
          ...(tag !== undefined && { tag }),
          place: wanted.place,
        },
      ];
    }),
  );
}

/** Returns the entries of `append_output`. */
export function readAppends(node: SettingNode | undefined, report: Report): OutputAppend[] {
  return (node?.kind === 'list' ? node.items : []).map((item) => {
    const match = nodeAt(item, 'match');
    const [rule, source] = [textOf(nodeAt(match, 'rule')), textOf(nodeAt(match, 'source'))];
    const extraOutput = textOf(nodeAt(item, 'extra_output'));
    const fields = nodeAt(item, 'extra_fields');
    return {
      match: {
        ...(rule !== undefined && { rule }),
        ...(source !== undefined && { source }),
        tags: textsOf(nodeAt(match, 'tags')),
      },
      ...(extraOutput !== undefined && { extraOutput }),
      extraFields: (fields?.kind === 'list' ? fields.items : []).flatMap((field) => readField(field, report)),
      place: item.place,
    };
  });
}

function readField(node: SettingNode, report: Report): { name: string; format?: string }[] {
  const name = textOf(node);
  if (name !== undefined) return [{ name }];
  if (node.kind === 'map') {
    return [...node.entries].flatMap(([key, value]) => {
      const format = textOf(value);
      return format === undefined ? [] : [{ name: key, format }];
    });
  }
  report.say(
    faultySetting,
    node.place,
    `\`${node.place.name}\` is neither a field nor a name with a format`,
    {
      help: 'write `- proc.pid` or `- name: "%proc.pid"`',
    },
  );
  return [];
}
