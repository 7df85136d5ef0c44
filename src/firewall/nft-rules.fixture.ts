const tcp = 'protocol tcp';
const v4 = 'family 4';

/** Rules of chains at prerouting with what they are in the model; sets are those of `sets`. */
export const rules: readonly (readonly [rule: string, model: string])[] = [
  ['accept', '=> accept'],
  ['counter packets 1 bytes 2 log prefix "x: " level info drop', '=> drop'],
  ['log flags tcp sequence,options flags ip options accept', '=> accept'],
  ['ip saddr 192.0.2.1-192.0.2.3 return', `${v4}; source 192.0.2.1/32,192.0.2.2/31 => return`],
  [
    'ip daddr != { 192.0.2.0/24, 198.51.100.7 } drop',
    `${v4}; not destination 192.0.2.0/24,198.51.100.7/32 => drop`,
  ],
  ['ip6 saddr 2001:db8::/32 drop', 'family 6; source 2001:db8::/32 => drop'],
  ['ip saddr & 255.255.0.0 == 10.1.0.0 drop', `${v4}; source 10.1.0.0/16 => drop`],
  ['ip saddr & 0.0.0.255 == 0.0.0.5 drop', `${v4}; opaque ip saddr & 0.0.0.255 == 0.0.0.5 => drop`],
  ['tcp dport 22 accept', `${tcp}; destination port 22 => accept`],
  ['tcp dport >= 1024 accept', `${tcp}; destination port 1024-65535 => accept`],
  ['tcp dport < 1024 accept', `${tcp}; destination port 0-1023 => accept`],
  ['udp sport != 5-7 accept', 'protocol udp; not source port 5-7 => accept'],
  ['th dport { 22, 80-90 } accept', 'destination port 22,80-90 raw => accept'],
  ['sctp dport 5 accept', 'protocol sctp; destination port 5 => accept'],
  ['tcp flags syn drop', `${tcp}; tcp flags SYN SYN => drop`],
  ['tcp flags == syn drop', `${tcp}; tcp flags ACK,CWR,ECE,FIN,PSH,RST,SYN,URG SYN => drop`],
  ['tcp flags != syn drop', `${tcp}; not tcp flags ACK,CWR,ECE,FIN,PSH,RST,SYN,URG SYN => drop`],
  ['tcp flags syn,ack drop', `${tcp}; not tcp flags ACK,SYN none => drop`],
  ['tcp flags & (fin | syn | rst | ack) == syn drop', `${tcp}; tcp flags ACK,FIN,RST,SYN SYN => drop`],
  ['tcp flags & (fin | syn) != 0 drop', `${tcp}; not tcp flags FIN,SYN none => drop`],
  ['tcp flags syn / syn,ack drop', `${tcp}; tcp flags ACK,SYN SYN => drop`],
  ['tcp flags != syn / syn,ack drop', `${tcp}; not tcp flags ACK,SYN SYN => drop`],
  [
    'tcp flags { syn, syn | ack } drop',
    `${tcp}; any of [tcp flags ACK,CWR,ECE,FIN,PSH,RST,SYN,URG ACK,SYN | tcp flags ACK,CWR,ECE,FIN,PSH,RST,SYN,URG SYN] => drop`,
  ],
  ['ct state established,related accept', 'state ESTABLISHED,RELATED => accept'],
  ['ct state { new, untracked } accept', 'state NEW,UNTRACKED => accept'],
  ['ct state != established drop', 'not state ESTABLISHED => drop'],
  // No packet is in two states: never its whole value.
  ['ct state != established | related drop', 'any of [] => drop'],
  ['ct status dnat accept', 'status dnat => accept'],
  ['ct status != dnat accept', 'opaque ct status != dnat => accept'],
  ['ct mark 0x1-0x5 accept', 'number connection mark 0x1-0x5 => accept'],
  ['ct direction original accept', 'direction original => accept'],
  ['ct original ip saddr 192.0.2.0/24 accept', `${v4}; original source 192.0.2.0/24 => accept`],
  ['meta l4proto tcp ct original proto-dst 80 accept', `${tcp}; original destination port 80 => accept`],
  ['ct count over 10 drop', 'opaque ct count over 10 varies => drop'],
  ['ct packets > 10 drop', 'opaque ct packets > 10 varies => drop'],
  ['ct helper "ftp" accept', 'opaque ct helper "ftp" => accept'],
  ['meta mark 0x5 accept', 'number mark 0x5 => accept'],
  ['meta mark & 0xff != 0x10 accept', 'not number mark &0xff 0x10 => accept'],
  ['meta mark & 0xff | 0x10 == 0x13 accept', 'number mark &0xef 0x3 => accept'],
  ['meta length > 100 accept', 'number length 0x65-0xffffffff => accept'],
  ['ip length < 100 accept', `${v4}; number length 0x0-0x63 => accept`],
  ['ip6 length 60 accept', 'family 6; number length 0x64 => accept'],
  ['ip ttl 1 drop', `${v4}; number hop limit 0x1 => drop`],
  ['ip6 hoplimit < 5 drop', 'family 6; number hop limit 0x0-0x4 => drop'],
  ['ip dscp { ef, af21 } accept', `${v4}; number dscp 0x12,0x2e => accept`],
  ['meta priority 1:20 accept', 'number priority 0x10020 => accept'],
  ['ip frag-off & 0x1fff != 0 drop', `${v4}; fragment => drop`],
  ['ether saddr 02:00:00:00:00:01 accept', 'hardware source 02:00:00:00:00:01 => accept'],
  ['meta pkttype { broadcast, multicast } drop', 'packet type broadcast,multicast => drop'],
  ['meta nfproto ipv6 drop', 'family 6 => drop'],
  ['meta protocol ip udp dport 67 accept', `${v4}; protocol udp; destination port 67 => accept`],
  ['meta l4proto { tcp, udp, ipv6-icmp } accept', 'protocol tcp,udp,ipv6-icmp => accept'],
  ['ip protocol != esp drop', `${v4}; not protocol esp => drop`],
  ['iifname { "eth0", "wg*" } accept', 'in eth0,wg+ => accept'],
  ['iif "lo" accept', 'in lo => accept'],
  [
    'icmp type { echo-request, destination-unreachable } accept',
    `${v4}; protocol icmp; icmp 1 3/*,8/* => accept`,
  ],
  ['icmpv6 type nd-neighbor-solicit accept', 'family 6; protocol ipv6-icmp; icmp 58 135/* => accept'],
  ['icmp type . icmp code { 3 . 4 } accept', `${v4}; protocol icmp; icmp 1 3/*; icmp 1 */4 => accept`],
  ['fib daddr type { local, broadcast } accept', 'destination type BROADCAST,LOCAL => accept'],
  ['fib saddr . iif oif missing drop', 'opaque fib saddr . iif oif missing => drop'],
  ['meta skuid 1000 accept', 'opaque meta skuid 1000 varies => accept'],
  [
    'limit rate 5/second burst 10 packets accept',
    'opaque limit rate 5/second burst 10 packets varies => accept',
  ],
  ['limit rate over 1 mbytes/second drop', 'opaque limit rate over 1 mbytes/second varies => drop'],
  ['quota over 25 mbytes drop', 'opaque quota over 25 mbytes varies => drop'],
  [
    'limit name "lim" tcp dport 22 drop',
    `opaque limit name "lim" varies; ${tcp}; destination port 22 => drop`,
  ],
  ['tcp dport 22 counter name "c" accept', `${tcp}; destination port 22 => accept`],
  [
    'ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.1 . 80, 192.0.2.2 . 80 } accept',
    `${v4}; ${tcp}; any of [source 192.0.2.1/32 & destination port 22 | source 192.0.2.1/32,192.0.2.2/32 & destination port 80] => accept`,
  ],
  [
    'ip saddr . tcp dport != @pairs drop',
    `${v4}; ${tcp}; not any of [source 192.0.2.1/32 & destination port 22-25] => drop`,
  ],
  ['tcp dport @ports accept', `${tcp}; destination port 80,443-445 => accept`],
  ['tcp dport @later accept', `${tcp}; destination port 7 => accept`],
  [
    'ip saddr @seen accept',
    `${v4}; any of [opaque ip saddr @seen varies] => accept`
      .replace('any of [', '')
      .replace(' varies]', ' varies'),
  ],
  [
    'ip saddr @timed drop',
    `${v4}; source 192.0.2.9/32; opaque an element for ip saddr is there varies => drop`,
  ],
  [
    'tcp dport vmap { 22 : accept, 80-90 : jump other, 443 : accept }',
    `${tcp} => choose vmap { destination port 22,443: accept | destination port 80-90: jump other }`,
  ],
  ['tcp dport vmap @verdicts', `${tcp} => choose vmap { destination port 23: drop }`],
  [
    'ip saddr vmap { 192.0.2.1 : drop, * : accept }',
    `${v4} => choose vmap { : accept | source 192.0.2.1/32: drop }`,
  ],
  ['add @seen { ip saddr } drop', 'opaque add @seen { ip saddr } varies => drop'],
  [
    'update @seen { ip saddr limit rate 1/second } accept',
    'opaque update @seen { ip saddr limit rate 1/second } varies => accept',
  ],
  ['meta mark set 0x5 accept', 'mark := old & 0x0 ^ 0x5 => accept'],
  [
    'tcp dport 22 meta mark set meta mark & 0xffffff00 | 0x1 meta mark 0x1 drop',
    `${tcp}; destination port 22; mark := old & 0xffffff00 ^ 0x1; number mark 0x1 => drop`,
  ],
  ['meta mark set ct mark & 0xff', 'mark := old & 0x0 ^ connection mark & 0xff => continue'],
  ['ct mark set meta mark', 'connection mark := old & 0x0 ^ mark & 0xffffffff => continue'],
  [
    'meta mark set ip saddr map { 192.0.2.1 : 0x1 }',
    `${v4}; source 192.0.2.1/32; does meta mark set ip saddr map { 192.0.2.1 : 0x1 } => continue`,
  ],
  ['ip ttl set 5', `${v4}; hop limit := old & 0x0 ^ 0x5 => continue`],
  ['ip dscp set cs1', `${v4}; dscp := old & 0x0 ^ 0x8 => continue`],
  ['ip saddr set 192.0.2.1', `${v4}; does ip saddr set 192.0.2.1 => continue`],
  ['meta nftrace set 1', '=> continue'],
  ['notrack accept', 'untracks => accept'],
  [
    'meta l4proto tcp tproxy to :50080 meta mark set 0x1 accept',
    `${tcp}; opaque tproxy to :50080 varies; does tproxy to :50080; mark := old & 0x0 ^ 0x1 => accept`,
  ],
  ['jump other', '=> jump other'],
  ['goto other', '=> goto other'],
  ['reject with icmpx admin-prohibited', '=> drop reject'],
  ['tcp dport 22 accept comment "accept; drop"', `${tcp}; destination port 22 => accept`],
];

/** Rules of chains that translate. */
export const translations: readonly (readonly [
  hook: 'prerouting' | 'postrouting',
  rule: string,
  model: string,
])[] = [
  [
    'prerouting',
    'tcp dport 80 dnat ip to 192.0.2.1:8080',
    `${tcp}; destination port 80 => translate dnat destination 192.0.2.1-192.0.2.1:8080-8080`,
  ],
  [
    'prerouting',
    'meta l4proto tcp dnat ip to 192.0.2.1-192.0.2.9:80-90 random,persistent',
    `${tcp} => translate dnat destination 192.0.2.1-192.0.2.9:80-90`,
  ],
  [
    'prerouting',
    'tcp dport 80 dnat ip6 to [2001:db8::1]:80',
    `${tcp}; destination port 80 => translate dnat destination 2001:db8::1-2001:db8::1:80-80`,
  ],
  [
    'prerouting',
    'tcp dport 80 redirect to :8080',
    `${tcp}; destination port 80 => translate redirect destination interface:8080-8080`,
  ],
  ['prerouting', 'redirect', '=> translate redirect destination interface'],
  [
    'prerouting',
    'tcp dport 80 redirect to :tcp dport map { 80 : 8080 }',
    `${tcp}; destination port 80 => choose redirect { destination port 80: translate redirect destination interface:8080-8080 }`,
  ],
  [
    'prerouting',
    'dnat ip to ip saddr . tcp dport map { 192.0.2.1 . 80 : 198.51.100.1 . 8080 }',
    `${v4}; ${tcp} => choose dnat { source 192.0.2.1/32 & destination port 80: translate dnat destination 198.51.100.1-198.51.100.1:8080-8080 }`,
  ],
  [
    'prerouting',
    'dnat ip to numgen inc mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }',
    '=> choose dnat { opaque numgen inc mod 2 0 varies: translate dnat destination 192.0.2.1-192.0.2.1 | opaque numgen inc mod 2 1 varies: translate dnat destination 192.0.2.2-192.0.2.2 }',
  ],
  [
    'prerouting',
    'dnat ip prefix to ip daddr map { 192.0.2.0/24 : 198.51.100.0/24 }',
    `${v4} => choose dnat { destination 192.0.2.0/24: translate dnat destination 198.51.100.0-198.51.100.255 keeps host }`,
  ],
  ['postrouting', 'oifname "eth0" masquerade', 'out eth0 => accept masquerade source interface'],
  [
    'postrouting',
    'meta l4proto tcp masquerade to :1024-2000',
    `${tcp} => accept masquerade source interface:1024-2000`,
  ],
  ['postrouting', 'snat ip to 192.0.2.1', '=> accept snat source 192.0.2.1-192.0.2.1'],
];

const sets = `set ports { type inet_service; flags interval; elements = { 80, 443-445 } }
set pairs { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.1 . 22-25 } }
set seen { type ipv4_addr; size 100; flags dynamic; }
set timed { type ipv4_addr; flags timeout; elements = { 192.0.2.9 timeout 1h } }
map verdicts { type inet_service : verdict; elements = { 23 : drop } }
limit lim { rate 5/second; }
counter c { }
set later { type inet_service; }
chain other { }
`;
/** A text with each of the rules in a chain of its own: `r0`, … of the table `t`, `n0`, … of the table `nat`. */
export const ruleText = `table inet t {
${sets}${rules.map(([rule], i) => `chain r${i} {\n type filter hook prerouting priority 0;\n ${rule}\n}\n`).join('')}}
table inet nat {
${translations.map(([hook, rule], i) => `chain n${i} {\n type nat hook ${hook} priority 0;\n ${rule}\n}\n`).join('')}}
add element inet t later { 7 }
`;
