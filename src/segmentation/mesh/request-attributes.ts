import { Ternary } from '../ternary.ts';
import { type Attribute, type AttributeTest, type Compile, yesIf } from './attribute.ts';
import type { MeshConnection } from './connection.ts';
import {
  compilePathTemplate,
  compileString,
  isPathTemplate,
  matchesPathTemplate,
  matchesString,
  type PathTemplate,
} from './string-match.ts';

/** A part of the request that every request has. */
function requestText(read: (connection: MeshConnection) => string | undefined, lower: boolean): Compile {
  return (values) => {
    const matchers = values.map((value) => compileString(lower ? value.toLowerCase() : value));
    const always = matchers.some(({ kind }) => kind === 'presence');
    return (connection) => {
      if (always) return Ternary.Yes;
      const text = read(connection);
      if (text === undefined) return Ternary.Maybe;
      const compared = lower ? text.toLowerCase() : text;
      return yesIf(matchers.some((matcher) => matchesString(matcher, compared)));
    };
  };
}

const paths: Compile = (values, context) => {
  const templates: PathTemplate[] = [];
  for (const value of values.filter(isPathTemplate)) {
    const template = compilePathTemplate(value);
    if (typeof template === 'string') return template;
    templates.push(template);
  }
  const texts = values.filter((value) => !isPathTemplate(value));
  const plain = requestText(pathOf, false)(texts, context) as AttributeTest;
  return (connection) => {
    const path = pathOf(connection);
    if (path === undefined) return texts.includes('*') ? Ternary.Yes : Ternary.Maybe;
    if (templates.some((template) => matchesPathTemplate(template, path))) return Ternary.Yes;
    return texts.length === 0 ? Ternary.No : plain(connection);
  };
};

/** Without the query, which rules do not see. */
function pathOf({ request }: MeshConnection): string | undefined {
  return request?.path?.split(/[?#]/, 1)[0];
}

/** `*` asks for the header's presence; a header that is not there has no value that could match. */
export function header(name: string): Attribute {
  const key = name.toLowerCase();
  const read = ({ request }: MeshConnection): string | undefined | null => {
    if (key === ':method') return request?.method;
    if (key === ':path') return request?.path;
    if (key === ':authority' || key === 'host') return request?.host;
    return request?.headers === undefined ? undefined : (request.headers.get(key) ?? null);
  };
  const compile: Compile = (values) => {
    const matchers = values.map(compileString);
    return (connection) => {
      const text = read(connection);
      if (text === undefined) return Ternary.Maybe;
      if (text === null) return Ternary.No;
      return yesIf(matchers.some((matcher) => matcher.kind === 'presence' || matchesString(matcher, text)));
    };
  };
  return { topic: 'request', httpOnly: true, layer4: false, compile };
}

const httpOnly = { topic: 'request', httpOnly: true, layer4: false } as const;

/** What a rule can ask of every request. Hosts are compared without regard to case. */
export const requestAttributes = {
  hosts: { ...httpOnly, compile: requestText(({ request }) => request?.host, true) },
  methods: { ...httpOnly, compile: requestText(({ request }) => request?.method, false) },
  paths: { ...httpOnly, compile: paths },
} as const satisfies Readonly<Record<string, Attribute>>;
