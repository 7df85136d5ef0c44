/** What an option of a rule is to the packet: a condition, a detail of the target, or nothing. */
export type OptionRole =
  | 'protocol'
  | 'source'
  | 'destination'
  | 'in'
  | 'out'
  | 'jump'
  | 'goto'
  | 'module'
  | 'source port'
  | 'destination port'
  | 'either port'
  | 'state'
  | 'icmp'
  | 'tcp flags'
  | 'syn'
  | 'source type'
  | 'destination type'
  | 'source range'
  | 'destination range'
  | 'fragment'
  | 'mark'
  | 'original source'
  | 'original destination'
  | 'original source port'
  | 'original destination port'
  | 'direction'
  | 'status'
  | 'tracked protocol'
  | 'hardware source'
  | 'packet type'
  | 'length'
  | 'hops'
  | 'fewer hops'
  | 'more hops'
  | 'dscp'
  | 'dscp class'
  | 'set'
  /** A condition that is not modelled. */
  | 'opaque'
  /** A detail of the target. */
  | 'target'
  /** Without effect on packets. */
  | 'ignored';

export interface Option {
  readonly role: OptionRole;
  /** How many words follow it. */
  readonly values: number;
}

/** Long options of rules by role and number of values (iptables(8), iptables-extensions(8)). */
const optionLists: readonly (readonly [OptionRole, number, string])[] = [
  ['protocol', 1, 'protocol'],
  ['source', 1, 'source src'],
  ['destination', 1, 'destination dst'],
  ['in', 1, 'in-interface'],
  ['out', 1, 'out-interface'],
  ['jump', 1, 'jump'],
  ['goto', 1, 'goto'],
  ['module', 1, 'match'],
  ['source port', 1, 'sport source-port sports source-ports'],
  ['destination port', 1, 'dport destination-port dports destination-ports'],
  ['either port', 1, 'ports port'],
  ['state', 1, 'state ctstate'],
  ['icmp', 1, 'icmp-type icmpv6-type'],
  ['tcp flags', 2, 'tcp-flags'],
  ['syn', 0, 'syn'],
  ['source type', 1, 'src-type'],
  ['destination type', 1, 'dst-type'],
  ['source range', 1, 'src-range'],
  ['destination range', 1, 'dst-range'],
  ['fragment', 0, 'fragment fragments'],
  ['mark', 1, 'mark'],
  ['original source', 1, 'ctorigsrc'],
  ['original destination', 1, 'ctorigdst'],
  ['original source port', 1, 'ctorigsrcport'],
  ['original destination port', 1, 'ctorigdstport'],
  ['direction', 1, 'ctdir'],
  ['status', 1, 'ctstatus'],
  ['tracked protocol', 1, 'ctproto'],
  ['hardware source', 1, 'mac-source'],
  ['packet type', 1, 'pkt-type'],
  ['length', 1, 'length'],
  ['hops', 1, 'ttl-eq hl-eq'],
  ['fewer hops', 1, 'ttl-lt hl-lt'],
  ['more hops', 1, 'ttl-gt hl-gt'],
  ['dscp', 1, 'dscp'],
  ['dscp class', 1, 'dscp-class'],
  ['set', 2, 'match-set'],
  ['ignored', 1, 'comment modprobe'],
  ['ignored', 2, 'set-counters'],
  ['ignored', 0, 'ipv4 ipv6'],
  ['opaque', 0, 'limit-iface-in limit-iface-out connlimit-saddr connlimit-daddr'],
  [
    'opaque',
    0,
    'rsource rdest set rcheck update remove rttl reap physdev-is-in physdev-is-out physdev-is-bridged',
  ],
  [
    'opaque',
    0,
    'socket-exists icase kerneltz contiguous loose validmark accept-local invert transparent nowildcard',
  ],
  ['opaque', 0, 'restore-skmark strict soft return-nomatch update-counters update-subcounters utc localtz'],
  ['opaque', 1, 'limit limit-burst ctreplsrc ctrepldst'],
  ['opaque', 1, 'ctreplsrcport ctrepldstport ctexpire tcp-option connlimit-upto connlimit-above'],
  ['opaque', 1, 'connlimit-mask hashlimit hashlimit-upto hashlimit-above hashlimit-burst hashlimit-mode'],
  [
    'opaque',
    1,
    'hashlimit-srcmask hashlimit-dstmask hashlimit-name hashlimit-htable-size hashlimit-htable-max',
  ],
  [
    'opaque',
    1,
    'hashlimit-htable-expire hashlimit-htable-gcinterval uid-owner gid-owner name seconds hitcount',
  ],
  ['opaque', 1, 'physdev-in physdev-out'],
  ['opaque', 1, 'tos string hex-string algo from to timestart timestop datestart datestop weekdays'],
  [
    'opaque',
    1,
    'monthdays mode probability every packet u32 bytecode object-pinned quota helper dir pol reqid spi',
  ],
  [
    'opaque',
    1,
    'proto tunnel-src tunnel-dst realm path cgroup ahspi espspi header src-group dst-group genre',
  ],
  [
    'opaque',
    1,
    'connbytes connbytes-dir connbytes-mode mask rateest packets-lt packets-gt bytes-lt bytes-gt cpu',
  ],
  ['opaque', 2, 'chunk-types'],
  ['target', 0, 'log-tcp-sequence log-tcp-options log-ip-options log-uid log-macdecode checksum-fill exist'],
  [
    'target',
    0,
    'clamp-mss-to-pmtu random random-fully persistent save-mark restore-mark notrack queue-bypass',
  ],
  ['target', 0, 'sack-perm timestamp ecn-tcp-remove'],
  [
    'target',
    1,
    'reject-with log-prefix log-level to-destination to-source to-ports set-mark set-xmark and-mark',
  ],
  [
    'target',
    1,
    'or-mark xor-mark nfmask ctmask nflog-group nflog-prefix nflog-range nflog-size nflog-threshold',
  ],
  [
    'target',
    1,
    'queue-num queue-balance tproxy-mark on-port on-ip set-mss set-class set-dscp set-dscp-class',
  ],
  [
    'target',
    1,
    'set-tos ttl-set ttl-dec ttl-inc hl-set hl-dec hl-inc timeout zone zone-orig zone-reply ctevents',
  ],
  ['target', 1, 'wscale mss gateway oif iif tee'],
  ['target', 2, 'add-set del-set map-set'],
];

const long: ReadonlyMap<string, Option> = new Map(
  optionLists.flatMap(([role, values, names]) =>
    names.split(' ').map((name): [string, Option] => [name, { role, values }]),
  ),
);

const short: Readonly<Record<string, string>> = {
  p: 'protocol',
  s: 'source',
  d: 'destination',
  i: 'in-interface',
  o: 'out-interface',
  j: 'jump',
  g: 'goto',
  m: 'match',
  f: 'fragment',
  c: 'set-counters',
  4: 'ipv4',
  6: 'ipv6',
};

/** Match modules whose options say it all; every other module is a condition of its own. */
const modelled = new Set(
  [
    'tcp',
    'udp',
    'sctp',
    'dccp',
    'udplite',
    'multiport',
    'state',
    'conntrack',
    'icmp',
    'icmp6',
    'icmpv6',
  ].concat([
    'comment',
    'addrtype',
    'iprange',
    'mark',
    'connmark',
    'mac',
    'pkttype',
    'length',
    'ttl',
    'hl',
    'dscp',
    'set',
    'standard',
  ]),
);

/** Modules by which equal packets may come out differently: limits, counters, chance, the clock, who sends. */
const varying = new Set(
  'limit hashlimit recent statistic connlimit quota time owner connbytes cpu socket rateest random nth cgroup'.split(
    ' ',
  ),
);

/** Tells whether equal packets may come out differently by `-m name`. */
export function isVaryingModule(name: string): boolean {
  return varying.has(name);
}

/** Tells whether `-m name` in itself is no condition that is unknown. */
export function isModelledModule(name: string): boolean {
  return modelled.has(name);
}

/** Returns the option that a word like `--dport` or `-p` names; of long ones an unambiguous beginning will do. */
export function findOption(word: string): Option | undefined {
  if (!word.startsWith('--')) return long.get(short[word.slice(1)] ?? '');
  const name = word.slice(2);
  const exact = long.get(name);
  if (exact !== undefined || name.length < 3) return exact;
  const meant = [...long].filter(([full]) => full.startsWith(name)).map(([, option]) => option);
  return meant.length === 1 ? meant[0] : undefined;
}

/** Options of iptables proper that read the next word as it stands, and so take no value that is written onto them. */
const detached: ReadonlySet<OptionRole> = new Set([
  'protocol',
  'source',
  'destination',
  'in',
  'out',
  'jump',
  'module',
]);

/**
 * Returns the words of an option with its value written onto it, as in `--dport=22`; undefined when nothing is, or where
 * iptables 1.8 does not take it, as in `-ptcp`.
 */
export function splitOption(word: string): readonly [option: string, value: string] | undefined {
  if (/^-g./.test(word)) return [word.slice(0, 2), word.slice(2)];
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = word.slice(0, equals);
  const role = equals < 0 ? undefined : findOption(name)?.role;
  return role === undefined || detached.has(role) ? undefined : [name, word.slice(equals + 1)];
}

/** Modules of which one has to be loaded by `-m`, or by `-p`, before an option is known (iptables-extensions(8)). */
const needed: Readonly<Record<string, readonly string[]>> = {
  ...each('sports source-ports dports destination-ports ports', 'multiport'),
  ...each('state', 'state'),
  ...each('ctstate', 'conntrack'),
  ...each('src-type dst-type', 'addrtype'),
  ...each('src-range dst-range', 'iprange'),
  ...each('comment', 'comment'),
  ...each('ctorigsrc ctorigdst ctorigsrcport ctorigdstport ctdir ctstatus ctproto', 'conntrack'),
  ...each('mark', 'mark', 'connmark'),
  ...each('mac-source', 'mac'),
  ...each('pkt-type', 'pkttype'),
  ...each('length', 'length'),
  ...each('ttl-eq ttl-lt ttl-gt', 'ttl'),
  ...each('hl-eq hl-lt hl-gt', 'hl'),
  ...each('dscp dscp-class', 'dscp'),
  ...each('match-set', 'set'),
  ...each('syn tcp-flags', 'tcp'),
  ...each('icmp-type', 'icmp'),
  ...each('icmpv6-type', 'icmp6', 'icmpv6', 'ipv6-icmp'),
};

/** Returns the modules of which an option needs one, none for those that always are known. */
export function modulesFor(option: string): readonly string[] {
  const name = option.slice(2);
  return option.startsWith('--') && Object.hasOwn(needed, name) ? needed[name]! : [];
}

function each(names: string, ...modules: string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, modules]));
}
