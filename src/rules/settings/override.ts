import { type SettingNode, scalarNode } from './node.ts';

type Step = string | number;

/** Deeper places and longer lists than these are no settings. */
const maxSteps = 16;
const maxIndex = 1_000;

/** Returns the steps to a place and the value of `key.inner[0]=value`; undefined when it is none. `[]` gives the index -1. */
export function parseOverride(
  option: string,
): { readonly steps: readonly Step[]; readonly value: string } | undefined {
  const steps: Step[] = [];
  let [word, at, isOpen] = ['', 0, true];
  const end = () => {
    if (isOpen) steps.push(word);
    const isFine = !isOpen || word !== '';
    word = '';
    return isFine;
  };
  for (; at < option.length; at++) {
    const sign = option.charAt(at);
    if (sign === '=') break;
    if (sign === '.') {
      if (!end()) return undefined;
      isOpen = true;
    } else if (sign === '[') {
      const index = /\[(\d{0,4})\]/y;
      index.lastIndex = at;
      const found = index.exec(option);
      if (found === null || !end() || Number(found[1]) >= maxIndex) return undefined;
      isOpen = false;
      steps.push(found[1] === '' ? -1 : Number(found[1]));
      at = index.lastIndex - 1;
    } else if (!isOpen) return undefined;
    else if (sign === '\\' && at + 1 < option.length) word += option.charAt(++at);
    else word += sign;
  }
  if (at >= option.length || !end() || typeof steps[0] !== 'string' || steps.length > maxSteps)
    return undefined;
  return { steps, value: option.slice(at + 1) };
}

/** Returns the configuration with the value at its place; what stood in the way is replaced. */
export function withOverride(
  node: SettingNode | undefined,
  steps: readonly Step[],
  value: string,
  name = '',
): SettingNode {
  const [step, ...rest] = steps;
  const place = node?.place ?? scalarNode('', name).place;
  if (step === undefined) return scalarNode(value, name);
  if (typeof step === 'string') {
    const entries = new Map(node?.kind === 'map' ? node.entries : []);
    entries.set(step, withOverride(entries.get(step), rest, value, name === '' ? step : `${name}.${step}`));
    return { kind: 'map', entries, place };
  }
  const items = node?.kind === 'list' ? [...node.items] : [];
  const index = step < 0 ? items.length : Math.min(step, items.length);
  items[index] = withOverride(items[index], rest, value, `${name}[${index}]`);
  return { kind: 'list', items, place };
}
