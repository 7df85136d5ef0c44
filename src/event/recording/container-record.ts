import type { ContainerMount, ContainerRecord } from '../state/container.ts';

const isText = (value: unknown) => typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown) => isObject(value) && Object.values(value).every(isText);

const mountShape: { readonly [K in keyof ContainerMount]: (value: unknown) => boolean } = {
  source: isText,
  destination: isText,
  mode: isText,
  writable: isFlag,
  propagation: isText,
};

/** What each property may be: a recording may hold anything. */
const shape: { readonly [K in keyof Required<ContainerRecord>]: (value: unknown) => boolean } = {
  id: isText,
  fullId: isText,
  name: isText,
  type: isText,
  image: isText,
  imageId: isText,
  imageDigest: isText,
  privileged: isFlag,
  mounts: (value) =>
    Array.isArray(value) &&
    value.every((one) => isObject(one) && Object.entries(mountShape).every(([name, is]) => is(one[name]))),
  labels: isTexts,
  startTime: (value) => typeof value === 'bigint',
  addresses: isTextList,
  isPodSandbox: isFlag,
  podSandboxId: isText,
  podLabels: isTexts,
  hostNetwork: isFlag,
  hostPid: isFlag,
  hostIpc: isFlag,
};

/** Returns a container as JSON: they are few, and get new properties over time. Nanoseconds stand as text. */
export function containerText(container: ContainerRecord): string {
  return JSON.stringify(container, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Returns the container of such a text; properties that are not of their kind are left out. Throws a RangeError on what is none. */
export function containerOf(text: string): ContainerRecord {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new RangeError('no container');
  }
  if (!isObject(given) || typeof given.id !== 'string') throw new RangeError('no container');
  const { startTime } = given;
  if (typeof startTime === 'string' && /^\d{1,20}$/.test(startTime)) given.startTime = BigInt(startTime);
  return Object.fromEntries(
    Object.entries(shape).flatMap(([name, is]) => (is(given[name]) ? [[name, given[name]]] : [])),
  ) as unknown as ContainerRecord;
}
