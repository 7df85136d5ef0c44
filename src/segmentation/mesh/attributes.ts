import { type Address, addressBits, parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix, type Prefix, parsePrefix, wholeFamily } from '../../net/prefix.ts';
import { Ternary, unanimous } from '../ternary.ts';
import { type Attribute, type Compile, yesIf } from './attribute.ts';
import { header, requestAttributes } from './request-attributes.ts';
import { compileString, matchesGlob, matchesPrincipal, matchesString } from './string-match.ts';

function some<T>(list: readonly T[], test: (item: T) => Ternary): Ternary {
  let answer: Ternary = Ternary.No;
  for (const item of list) {
    const one = test(item);
    if (one === Ternary.Yes) return one;
    if (one > answer) answer = one;
  }
  return answer;
}

const principals: Compile = (values, { trustDomain }) => {
  const matchers = values.map(compileString);
  const anybody = matchers.some(({ kind }) => kind === 'presence');
  return ({ identity }) => {
    if (identity === undefined) return Ternary.No;
    if (anybody) return Ternary.Yes;
    if (identity === 'somebody') return Ternary.Maybe;
    const rest = `ns/${identity.namespace}/sa/${identity.serviceAccount}`;
    return some(matchers, (matcher) => matchesPrincipal(matcher, trustDomain, rest));
  };
};

/**
 * Sidecars put the value between `/ns/` and `/` of a regular expression over the whole principal, so that a `*` in it
 * may also reach into the part after the namespace; ztunnel compares the namespace alone.
 */
const namespaces: Compile = (values) => {
  const matchers = values.map(compileString);
  return ({ identity, proxy }) => {
    if (identity === undefined) return Ternary.No;
    if (values.includes('*')) return Ternary.Yes;
    if (identity === 'somebody') return Ternary.Maybe;
    const { namespace } = identity;
    if (proxy === 'ztunnel') return yesIf(matchers.some((matcher) => matchesString(matcher, namespace)));
    return yesIf(
      values.some((value) => matchesGlob(value, namespace) || matchesGlob(value, `${namespace}/sa`)),
    );
  };
};

const serviceAccounts: Compile = (values, context) => {
  const wanted = new Set(
    values.map((value) => (value.includes('/') ? value : `${context.namespace}/${value}`)),
  );
  return ({ identity }) => {
    if (identity === undefined) return Ternary.No;
    if (identity === 'somebody') return Ternary.Maybe;
    return yesIf(wanted.has(`${identity.namespace}/${identity.serviceAccount}`));
  };
};

/** Returns the prefix that `value` writes, as a CIDR or as one address; undefined for anything else. */
export function blockOf(value: string): Prefix | undefined {
  const address = parseAddress(value);
  return address === undefined ? parsePrefix(value) : hostPrefix(address);
}

const wholeIpv4 = AddressSet.ofPrefixes([wholeFamily(4)]);
const wholeIpv6 = AddressSet.ofPrefixes([wholeFamily(6)]);

function compileBlocks(values: readonly string[]): AddressSet | string {
  const prefixes: Prefix[] = [];
  for (const value of values) {
    const prefix = blockOf(value);
    if (prefix === undefined) return `\`${value}\` is no address and no CIDR`;
    prefixes.push(prefix);
  }
  return AddressSet.ofPrefixes(prefixes);
}

function isIn(set: AddressSet, addresses: readonly Address[], masqueraded: boolean): Ternary {
  if (set.equals(AddressSet.all)) return Ternary.Yes;
  if (masqueraded) {
    const [first] = addresses;
    const whole = first === undefined || addressBits(first.family) === 32 ? wholeIpv4 : wholeIpv6;
    return first !== undefined && set.covers(whole) ? Ternary.Yes : Ternary.Maybe;
  }
  return unanimous(addresses.map((address) => yesIf(set.contains(address))));
}

const sourceIp: Compile = (values) => {
  const set = compileBlocks(values);
  return typeof set === 'string' ? set : ({ addresses, masqueraded }) => isIn(set, addresses, masqueraded);
};

/** On HTTP a proxy takes the client's address from X-Forwarded-For, by how many proxies the mesh configuration trusts. */
const remoteIp: Compile = (values) => {
  const set = compileBlocks(values);
  return typeof set === 'string'
    ? set
    : ({ addresses, masqueraded, proxy }) => isIn(set, addresses, masqueraded || proxy === 'http');
};

const destinationIp: Compile = (values) => {
  const set = compileBlocks(values);
  return typeof set === 'string' ? set : ({ destinations }) => isIn(set, destinations, false);
};

/** Returns the port that a value writes, or undefined. */
export function portOf(value: string): number | undefined {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65535 ? Number(value) : undefined;
}

const ports: Compile = (values) => {
  const wanted = new Set<number>();
  for (const value of values) {
    const port = portOf(value);
    if (port === undefined) return `\`${value}\` is no port number`;
    wanted.add(port);
  }
  return (connection) => unanimous(connection.ports.map((port) => yesIf(wanted.has(port))));
};

const notTold: Compile = () => () => Ternary.Maybe;
const token: Attribute = {
  topic: 'token',
  httpOnly: true,
  layer4: false,
  compile: () => (connection) => (connection.tokens ? Ternary.Maybe : Ternary.No),
};

const layer4 = { httpOnly: false, layer4: true } as const;
const port: Attribute = { topic: 'port', ...layer4, compile: ports };
const principal: Attribute = { topic: 'identity', ...layer4, compile: principals };
const namespace: Attribute = { topic: 'identity', ...layer4, compile: namespaces };
const serviceAccount: Attribute = { topic: 'identity', ...layer4, compile: serviceAccounts };
const source: Attribute = { topic: 'address', ...layer4, compile: sourceIp };
const remote: Attribute = { topic: 'address', httpOnly: false, layer4: false, compile: remoteIp };

/** Fields of `from[].source`; each has a negative form `not<Field>`. */
export const sourceAttributes: Readonly<Record<string, Attribute>> = {
  principals: principal,
  namespaces: namespace,
  serviceAccounts: serviceAccount,
  requestPrincipals: token,
  ipBlocks: source,
  remoteIpBlocks: remote,
};

/** Fields of `to[].operation`; each has a negative form `not<Field>`. */
export const operationAttributes: Readonly<Record<string, Attribute>> = { ...requestAttributes, ports: port };

const conditions: ReadonlyMap<string, Attribute> = new Map([
  ['source.ip', source],
  ['remote.ip', remote],
  ['source.namespace', namespace],
  ['source.principal', principal],
  ['source.serviceAccount', serviceAccount],
  ['request.auth.principal', token],
  ['request.auth.audiences', token],
  ['request.auth.presenter', token],
  ['destination.ip', { topic: 'address', ...layer4, compile: destinationIp }],
  ['destination.port', port],
  ['connection.sni', { topic: 'other', httpOnly: false, layer4: false, compile: notTold }],
]);

/** Returns the attribute of a `when` key (istio.io/docs, "Authorization Policy Conditions"), or undefined. */
export function conditionAttribute(key: string): Attribute | undefined {
  const known = conditions.get(key);
  if (known !== undefined) return known;
  const name = /^request\.headers\[([^[\]]+)\]$/.exec(key)?.[1];
  if (name !== undefined) return header(name);
  if (/^request\.auth\.claims(\[[^[\]]+\])+$/.test(key)) return token;
  if (/^experimental\.envoy\.filters\.[^[\]]+\[[^[\]]+\]$/.test(key)) {
    return { topic: 'other', httpOnly: false, layer4: false, compile: notTold };
  }
  return undefined;
}
