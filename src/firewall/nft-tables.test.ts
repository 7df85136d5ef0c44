import { expect, test } from 'vitest';
import {
  includeIn,
  readNftSets,
  splitNftTables,
  steadyNftText,
  withoutPassingElements,
} from './nft-tables.ts';

const own = `table inet picket {
	counter dropped {
		packets 7 bytes 420
	}

	set block4 {
		type ipv4_addr
		size 1000
		flags timeout
		counter
		comment "not } the end"
		elements = { 198.51.100.7 counter packets 3 bytes 180 timeout 1h expires 59m59s940ms, 198.51.100.8 counter packets 0 bytes 0 timeout 10m expires 9m,
			     198.51.100.9 counter packets 0 bytes 0 }
	}

	set nets {
		type ipv4_addr . inet_proto
		flags interval,timeout
		elements = { 203.0.113.0/24 . tcp timeout 1h expires 59m comment "a, b" }
	}

	set ports {
		type inet_service
		flags interval
		elements = { 22, 80-90 }
	}

	set meters {
		type ipv4_addr
		flags dynamic,timeout
		timeout 1m
		elements = { 198.51.100.1 limit rate over 10/minute expires 3s }
	}

	chain input {
		type filter hook input priority filter - 10; policy drop;
		ip saddr @block4 counter packets 3 bytes 180 drop
		tcp dport { 80, 443 } quota over 25 mbytes used 1 mbytes drop
		tcp dport @ports accept comment "table ip other {"
	}
}`;
const foreign = 'table ip nat {\n\tchain KUBE-SERVICES {\n\t}\n}';

test('tables of a listing, with warnings between them', () => {
  const text = `# Warning: table ip nat is managed by iptables-nft, do not touch!\n${foreign}\n${own}\n`;
  const { tables, other } = splitNftTables(text);
  expect(other).toBeUndefined();
  expect(tables.map(({ family, name }) => `${family} ${name}`)).toEqual(['ip nat', 'inet picket']);
  expect(tables.map((table) => table.text)).toEqual([foreign, own]);
  for (const { at, text: part } of tables) expect(text.slice(at.start, at.end)).toBe(part);
});

test.each([
  ['flush ruleset\ntable inet picket { }', 'flush'],
  ['table inet picket { }\nadd table ip x', 'add'],
  ['table inet picket { chain a { }', 'table'],
  ['table inet picket', 'table'],
  ['define x = 1', 'define'],
])('what is no table is told: %j', (text, word) => {
  expect(splitNftTables(text).other?.text).toBe(word);
});

test('a name without a family is of IPv4, as for nft', () => {
  expect(splitNftTables('table filter { }').tables).toMatchObject([{ family: 'ip', name: 'filter' }]);
});

test('files that are named within a table', () => {
  expect(includeIn('table inet picket { include "/etc/more.nft" }')).toEqual({ start: 20, end: 27 });
  expect(includeIn('table inet picket { chain a { counter comment "include" } }')).toBeUndefined();
});

test('sets, what they may hold, and their elements', () => {
  const sets = readNftSets(own);
  expect(sets.map(({ name, kind, changes, counts }) => [name, kind, changes, counts])).toEqual([
    ['block4', 'flags timeout; type ipv4_addr', true, true],
    ['nets', 'flags interval timeout; type ipv4_addr . inet_proto', true, false],
    ['ports', 'flags interval; type inet_service', false, false],
    ['meters', 'flags dynamic timeout; type ipv4_addr', true, false],
  ]);
  expect(sets.map(({ elements }) => elements.map(({ key }) => key))).toEqual([
    ['198.51.100.7', '198.51.100.8', '198.51.100.9'],
    ['203.0.113.0/24 . tcp'],
    ['22', '80-90'],
    ['198.51.100.1'],
  ]);
  const [block4, nets, , meters] = sets;
  expect(block4?.elements.map(({ expires }) => expires)).toEqual([true, true, false]);
  expect(nets?.elements[0]?.text).toBe('203.0.113.0/24 . tcp timeout 1h expires 59m comment "a, b"');
  expect(meters?.elements[0]?.measures).toBe(true);
});

test('the same kind whatever the order it is written in', () => {
  const [a] = readNftSets('table inet picket { set s { flags timeout, interval; type ipv4_addr; } }');
  const [b] = readNftSets('table inet picket {\nset s {\ntype ipv4_addr\nflags interval,timeout\n}\n}');
  expect(a?.kind).toBe(b?.kind);
});

test('what changes by itself makes no difference, what is declared does', () => {
  const later = own
    .replaceAll(/packets \d+ bytes \d+/g, 'packets 99 bytes 9999')
    .replace(/198\.51\.100\.7 counter[^,]*, /, '')
    .replace('used 1 mbytes', 'used 20 mbytes')
    .replace(/\n\t\telements = \{ 198\.51\.100\.1 limit.*\}/, '');
  expect(later).not.toBe(own);
  expect(steadyNftText(later)).toBe(steadyNftText(own));
  expect(steadyNftText(own)).toContain('elements = { 22, 80-90 }');
  expect(steadyNftText(own.replace('80-90', '80-91'))).not.toBe(steadyNftText(own));
  expect(steadyNftText(own.replace('policy drop', 'policy accept'))).not.toBe(steadyNftText(own));
});

test('a declaration has no elements that came later', () => {
  const text = withoutPassingElements(own);
  expect(text.match(/198\.51\.100\.\d+/g)).toEqual(['198.51.100.9']);
  expect(text).toContain('elements = { 22, 80-90 }');
  expect(text).toContain('counter packets 3 bytes 180 drop');
});

test.each([
  'table inet picket { set s { type ipv4_addr; flags timeout # who was seen\nelements = { 198.51.100.7 expires 5s } } }',
  'table inet picket { set s { type ipv4_addr; flags timeout;\n# who was seen\nelements = { 198.51.100.7 expires 5s }; } }',
])('a comment before elements that came later takes nothing with it: %j', (text) => {
  const rest = withoutPassingElements(text);
  expect(rest).not.toContain('198.51.100.7');
  expect(splitNftTables(rest)).toEqual({ tables: [expect.objectContaining({ text: rest })] });
  expect(readNftSets(rest)).toMatchObject([{ kind: 'flags timeout; type ipv4_addr', elements: [] }]);
});
