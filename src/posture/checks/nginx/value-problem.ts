import { parseAddress } from '../../../net/address.ts';
import { parsePrefix } from '../../../net/prefix.ts';
import { isOfType, type Setting, type ValueType } from '../../../product/fact.ts';
import { isTemplate } from './settings.ts';

const typeTexts: Partial<Record<ValueType, string>> = {
  boolean: '`true` or `false`',
  integer: 'a whole number',
  number: 'a number',
  size: 'a size such as `8k` or `1m`',
  duration: 'a time such as `10m` or `600s`',
};

/** What is wrong with a value, and what the setting takes. */
export interface ValueProblem {
  readonly wrong: string;
  readonly takes: string;
}

/** Returns why the text is no value of the setting, or undefined. Empty values count as not given. */
export function valueProblem({ name, type, values }: Setting, text: string): ValueProblem | undefined {
  const value = text.trim();
  if (value === '' || isTemplate(value)) return undefined;
  if (values !== undefined) {
    if (values.some((one) => one.toLowerCase() === value.toLowerCase())) return undefined;
    return { wrong: shown(value), takes: listing(values) };
  }
  // The controller looks these up as host names too.
  if (type === 'cidr-list' && name !== 'proxy-real-ip-cidr') {
    const items = value.split(',').map((item) => item.trim());
    const wrong = items.find((item) => item !== '' && !parsePrefix(item) && !parseAddress(item));
    return wrong === undefined
      ? undefined
      : { wrong: shown(wrong), takes: 'address ranges with commas between' };
  }
  const takes = typeTexts[type];
  if (takes === undefined || isOfType(type, value)) return undefined;
  return { wrong: shown(value), takes };
}

function shown(value: string): string {
  return `\`${value.length > 40 ? `${value.slice(0, 40)}…` : value}\``;
}

function listing(values: readonly string[]): string {
  const quoted = values.map((value) => `\`${value}\``);
  return quoted.length === 1
    ? (quoted[0] as string)
    : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
