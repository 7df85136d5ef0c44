/** One line of what conntrack(8) prints with `-o extended,id`, with or without an event before it. */
export interface ConntrackLine {
  /** `NEW`, `UPDATE`, `DESTROY`; none in a list. */
  readonly event: string | undefined;
  readonly protocol: number;
  readonly state: string | undefined;
  readonly unreplied: boolean;
  readonly assured: boolean;
  /** `src`, `dst`, `sport`, `dport`, `type`, `code`, `id`, `packets`, `bytes` of either direction. */
  readonly original: Readonly<Record<string, string>>;
  readonly reply: Readonly<Record<string, string>>;
  /** What belongs to neither: `mark`, `id`, `use`, `delta-time`, ... */
  readonly rest: Readonly<Record<string, string>>;
}

const ofDirections: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'sport',
  'dport',
  'type',
  'code',
  'packets',
  'bytes',
]);

/** Reads what the program prints; lines without addresses are left out. */
export function readConntrackText(text: string): ConntrackLine[] {
  return text
    .split('\n')
    .filter((line) => line.includes('src='))
    .map(readLine);
}

function readLine(line: string): ConntrackLine {
  const event = /\[(NEW|UPDATE|DESTROY)\]/.exec(line)?.[1];
  const words = line
    .replace(/^.*\[(NEW|UPDATE|DESTROY)\]/, '')
    .trim()
    .split(/\s+/);
  const directions: Record<string, string>[] = [];
  const rest: Record<string, string> = {};
  let state: string | undefined;
  for (const word of words) {
    const cut = word.indexOf('=');
    const [key, value] = [word.slice(0, cut), word.slice(cut + 1)];
    if (cut < 0) {
      if (/^[A-Z][A-Z_0-9]+$/.test(word)) state = word;
    } else if (key === 'src') directions.push({ src: value });
    else if (ofDirections.has(key)) directions.at(-1)![key] = value;
    else if (key === 'id' && directions.at(-1)!.type !== undefined && directions.at(-1)!.id === undefined)
      directions.at(-1)!.id = value;
    else rest[key] = value;
  }
  // `ipv4 2 tcp 6 117 TIME_WAIT …`
  return {
    event,
    protocol: Number(words[3]),
    state,
    unreplied: line.includes('[UNREPLIED]'),
    assured: line.includes('[ASSURED]'),
    original: directions[0]!,
    reply: directions[1]!,
    rest,
  };
}
