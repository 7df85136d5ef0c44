import { nearest } from '../../diagnostic/suggest.ts';
import { faultySetting, removedSetting, unknownSetting, unusedSetting } from './codes.ts';
import { isSet, type SettingNode } from './node.ts';
import type { Report } from './report.ts';
import { falcoYaml, removedKeys, type SettingKey, type Shape } from './schema.ts';
import { booleanOf, numberOf, textOf } from './values.ts';

/** Tells what a configuration has that does not exist, is of another type, went, or is of no use here. */
export function checkSettings(root: SettingNode, report: Report): void {
  checkNode(root, falcoYaml, report, true);
}

function checkNode(node: SettingNode, shape: Shape, report: Report, isTop = false): void {
  const { name } = node.place;
  if (!isSet(node) || shape.kind === 'anything') return;
  if (shape.kind === 'map') {
    if (node.kind !== 'map') {
      fault(node, 'a mapping', report);
      return;
    }
    for (const [key, value] of node.entries) {
      const known = shape.keys.get(key);
      if (known !== undefined) checkKey(value, known, report);
      else tellUnknown(node, value, key, shape.keys, report, isTop);
    }
  } else if (shape.kind === 'names') {
    if (node.kind !== 'map') {
      fault(node, 'a mapping', report);
      return;
    }
    for (const value of node.entries.values()) checkNode(value, shape.value, report);
  } else if (shape.kind === 'list') {
    if (node.kind !== 'list') {
      fault(node, 'a list', report);
      return;
    }
    for (const item of node.items) checkNode(item, shape.item, report);
  } else if (shape.kind === 'word') {
    const value = textOf(node);
    if (value !== undefined && shape.words.includes(value.toLowerCase())) return;
    const meant = value === undefined ? undefined : nearest(value, shape.words);
    const help = meant === undefined ? `write one of ${shape.words.join(', ')}` : `write \`${meant}\``;
    report.say(faultySetting, node.place, `\`${name}\` is none of its words`, { help });
  } else if (shape.kind === 'boolean') {
    if (booleanOf(node) === undefined) fault(node, 'true or false', report);
  } else if (shape.kind === 'integer') {
    if (!Number.isInteger(numberOf(node))) fault(node, 'a whole number', report);
  } else if (shape.kind === 'number') {
    if (numberOf(node) === undefined) fault(node, 'a number', report);
  } else if (node.kind !== 'scalar') fault(node, 'a text', report);
}

function checkKey(node: SettingNode, { shape, unused, usual }: SettingKey, report: Report): void {
  checkNode(node, shape, report);
  if (unused === undefined || !isSet(node)) return;
  const isUsual =
    node.kind === 'scalar' ? textOf(node) === usual : node.kind === 'list' && node.items.length === 0;
  if (isUsual) return;
  report.say(unusedSetting, node.place, `\`${node.place.name}\` does nothing here: ${unused}`, {
    isKey: true,
  });
}

function tellUnknown(
  parent: SettingNode & { readonly kind: 'map' },
  value: SettingNode,
  key: string,
  known: ReadonlyMap<string, SettingKey>,
  report: Report,
  isTop: boolean,
): void {
  const { place } = value;
  const gone = isTop ? removedKeys.get(key) : undefined;
  if (gone !== undefined) {
    const when = gone.release === undefined ? 'went' : `went with Falco ${gone.release}`;
    report.say(removedSetting, place, `\`${key}\` ${when}`, { isKey: true, help: gone.instead });
    return;
  }
  const meant = nearest(key, known.keys());
  const message = `there is no setting \`${place.name}\``;
  if (meant === undefined || parent.entries.has(meant)) {
    report.say(unknownSetting, place, message, { isKey: true });
    return;
  }
  report.say(unknownSetting, place, message, {
    isKey: true,
    help: `write \`${meant}\``,
    fix: (span) => ({ title: `write \`${meant}\``, safe: false, edits: [{ span, text: meant }] }),
  });
}

function fault(node: SettingNode, wanted: string, report: Report): void {
  report.say(faultySetting, node.place, `\`${node.place.name}\` is not ${wanted}`, {
    help: `write ${wanted}`,
  });
}
