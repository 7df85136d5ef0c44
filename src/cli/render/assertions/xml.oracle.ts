/** An element as it was read. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** XML 1.0 §2.2 Char. */
const characters = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Reads the part of XML 1.0 that reports are written in, and throws on whatever is not well-formed. */
export function readXml(text: string): Element {
  if (!characters.test(text)) throw new Error('a character that XML forbids');
  let at = 0;
  const expect = (pattern: RegExp): RegExpExecArray => {
    const sticky = new RegExp(pattern.source, 'uy');
    sticky.lastIndex = at;
    const found = sticky.exec(text);
    if (found === null) throw new Error(`${pattern} expected at ${at}: ${text.slice(at, at + 40)}`);
    at = sticky.lastIndex;
    return found;
  };
  const decode = (raw: string): string => {
    if (raw.includes('<')) throw new Error('a bare <');
    return raw.replaceAll(/&([^;]*);?/g, (whole, name: string) => {
      const value = name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : entities[name];
      if (value === undefined || !whole.endsWith(';')) throw new Error(`not an entity: ${whole}`);
      return value;
    });
  };
  const element = (): Element => {
    const name = expect(/<([a-zA-Z][\w-]*)/)[1] as string;
    const attributes: Record<string, string> = {};
    while (/\s/.test(text[at] ?? '')) {
      const [, key = '', value = ''] = expect(/\s+([a-zA-Z][\w-]*)="([^"]*)"/);
      if (key in attributes) throw new Error(`${key} is given twice`);
      // Attribute values are normalized (§3.3.3): a literal line end would be lost.
      if (/[\t\n\r]/.test(value)) throw new Error('a literal line end in an attribute');
      attributes[key] = decode(value);
    }
    if (text.startsWith('/>', at)) {
      at += 2;
      return { name, attributes, children: [], text: '' };
    }
    expect(/>/);
    const children: Element[] = [];
    let content = '';
    while (!text.startsWith('</', at)) {
      if (text[at] === '<') children.push(element());
      else {
        const raw = expect(/[^<]+/)[0];
        if (raw.includes(']]>')) throw new Error(']]> in text');
        content += decode(raw);
      }
    }
    expect(new RegExp(`</${name}>`));
    return { name, attributes, children, text: content };
  };
  expect(/<\?xml version="1\.0" encoding="UTF-8"\?>\s*/);
  const root = element();
  expect(/\s*$/);
  return root;
}

/** Attributes and children of junit-10.xsd (the xUnit plugin of Jenkins); `!` marks what is required. */
const schema: Readonly<Record<string, { readonly attributes: string; readonly children: string }>> = {
  testsuites: { attributes: 'name time tests failures errors', children: 'testsuite' },
  testsuite: {
    attributes:
      'name! tests! failures! errors! group time skipped timestamp hostname id package file log url',
    children: 'testsuite properties testcase system-out system-err',
  },
  testcase: {
    attributes: 'name! time classname group',
    children: 'skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err',
  },
  failure: { attributes: 'type message', children: '' },
  error: { attributes: 'type message', children: '' },
};

/** Throws when the element is not as the schema has it. */
export function checkJunit({ name, attributes, children, text }: Element): void {
  const rule = schema[name];
  if (rule === undefined) throw new Error(`no element ${name}`);
  const allowed = rule.attributes.split(' ').map((one) => one.replace('!', ''));
  for (const key of Object.keys(attributes)) {
    if (!allowed.includes(key)) throw new Error(`${name} has no attribute ${key}`);
  }
  for (const key of rule.attributes.split(' ').filter((one) => one.endsWith('!'))) {
    if (!(key.slice(0, -1) in attributes)) throw new Error(`${name} lacks ${key}`);
  }
  const time = attributes.time;
  if (time !== undefined && !/^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$/.test(time)) {
    throw new Error(`${time} is no time`);
  }
  if (rule.children !== '' && text.trim() !== '') throw new Error(`${name} has text`);
  for (const child of children) {
    if (!rule.children.split(' ').includes(child.name)) throw new Error(`${name} has no ${child.name}`);
    checkJunit(child);
  }
}
