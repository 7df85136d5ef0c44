import { parseDump } from '../iptables-restore.ts';
import { parseNft } from '../nft.ts';
import type { Loadable } from './judge.fixture.ts';

/** Rules as people write them for machines of edge sites; no limits, since their verdicts hang on the clock. */
const nft: Readonly<Record<string, string>> = {
  'a host with ssh and a web server': `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    ct state invalid drop
    ip protocol icmp icmp type { echo-request, destination-unreachable, time-exceeded } accept
    icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 22 ip saddr { 198.18.7.0/24, 10.1.0.0/16 } accept
    tcp dport { 80, 443 } ct state new accept
    udp dport 443 accept
  }
  chain forward { type filter hook forward priority filter; policy drop;
  }
}
`,
  'a router that translates': `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "wan0" tcp dport { 80, 443 } dnat to 198.19.16.2
    iifname "wan0" tcp dport 2222 dnat to 198.19.16.3:22
    iifname "lan0" udp dport 53 redirect to :5353
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "wan0" ip saddr { 198.19.0.0/16, 10.0.0.0/8 } masquerade
  }
}
table inet router {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname "lan0" oifname "wan0" accept
    iifname "wan0" oifname "lan0" icmpv6 type { echo-request, packet-too-big } accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan0" udp dport { 53, 67, 123, 5353 } accept
    iifname "lan0" tcp dport { 22, 53 } accept
  }
}
`,
  'zones by verdict maps': `table inet zones {
  set admins { type ipv4_addr; flags interval; elements = { 10.1.0.0/24, 198.18.7.2-198.18.7.9 } }
  chain from_lan { tcp dport vmap { 22 : accept, 80 : accept, 443 : accept, 25 : drop }
    udp dport { 53, 123 } accept
  }
  chain from_dmz { ct state new tcp dport 5432 ip daddr 10.1.0.5 accept
    drop
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname vmap { "lan0" : goto from_lan, "dmz0" : jump from_dmz }
    ip saddr @admins accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain input {
    type filter hook input priority 0; policy accept;
    ct state invalid drop
    ip saddr . tcp dport { 10.1.0.2 . 22, 10.1.0.3 . 443, 198.19.16.2 . 22 } accept
    tcp dport 22 reject with tcp reset
  }
}
`,
  'two tables, the later of which drops': `table inet first {
  chain input { type filter hook input priority -10; policy accept;
    tcp dport 80 accept
    meta mark set 0x7
  }
  chain forward { type filter hook forward priority -10; policy accept;
    tcp dport 8080 meta mark set 0x2
  }
}
table inet second {
  chain input { type filter hook input priority 10; policy accept;
    ip saddr 198.18.7.0/28 drop
    meta mark 0x7 tcp dport 1000-30000 drop
  }
  chain forward { type filter hook forward priority 10; policy accept;
    meta mark & 0x2 == 0x2 ct state new drop
    ip6 hoplimit < 64 ip6 daddr 2001:db8:200::/48 drop
  }
}
`,
  'a name server without connection tracking': `table inet raw {
  chain prerouting { type filter hook prerouting priority raw; policy accept;
    udp dport 53 notrack
    udp sport 53 notrack
    tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0 drop
    tcp flags & (fin | syn) == fin | syn drop
  }
}
table inet filter {
  chain input { type filter hook input priority filter; policy drop;
    ct state untracked udp dport 53 accept
    ct state { established, related } accept
    tcp flags & (fin | syn | rst | ack) == syn tcp dport { 53, 853 } ct state new accept
  }
  chain forward { type filter hook forward priority filter; policy accept;
    ct state untracked,invalid drop
  }
}
`,
};

/** For both versions of iptables; `6` where the text for IPv6 differs. */
const iptables: Readonly<Record<string, { readonly four: string; readonly six?: string }>> = {
  'a host, states first': {
    four: `*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -s 198.18.7.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,8000:8080 -j ACCEPT
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
COMMIT
`,
    six: `*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
  },
  'containers behind a bridge': {
    four: `*nat
:PREROUTING ACCEPT
:POSTROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.1.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80
-A DOCKER ! -i docker0 -p udp -m udp --dport 53 -j DNAT --to-destination 10.1.0.6:5353
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:DOCKER -
:DOCKER-USER -
:DOCKER-ISOLATION-STAGE-1 -
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 10.1.0.5/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 10.1.0.6/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5353 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -d 203.0.113.0/24 -j DROP
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-USER -i eth0 -s 198.18.7.2/32 -p tcp -m conntrack --ctorigdstport 8080 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
  },
  'services by marks': {
    four: `*nat
:PREROUTING ACCEPT
:POSTROUTING ACCEPT
:KUBE-SERVICES -
:KUBE-MARK-MASQ -
:KUBE-POSTROUTING -
:KUBE-SVC-WEB -
:KUBE-SEP-WEB -
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "service traffic" -j MASQUERADE
-A KUBE-SERVICES -d 10.2.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -p tcp -m tcp --dport 30000 -m addrtype --dst-type LOCAL -j KUBE-SVC-WEB
-A KUBE-SVC-WEB ! -s 10.1.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -s 10.1.0.5/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB -p tcp -m tcp -j DNAT --to-destination 10.1.0.5:8080
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
:KUBE-FORWARD -
:KUBE-FIREWALL -
-A INPUT -j KUBE-FIREWALL
-A FORWARD -j KUBE-FORWARD
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-FORWARD -s 10.1.0.0/16 -o eth0 -j ACCEPT
COMMIT
`,
  },
  'marks kept with their connections': {
    four: `*mangle
:PREROUTING ACCEPT
:FORWARD ACCEPT
-A PREROUTING -j CONNMARK --restore-mark
-A PREROUTING -m mark ! --mark 0x0 -j ACCEPT
-A PREROUTING -i eth0 -p tcp --dport 443 -j MARK --set-mark 0x1
-A PREROUTING -i eth1 -j MARK --set-mark 0x2
-A PREROUTING -j CONNMARK --save-mark
-A FORWARD -m mark --mark 0x2 -p udp -j DROP
COMMIT
*filter
:INPUT ACCEPT
:FORWARD ACCEPT
-A FORWARD -m connmark --mark 0x1 -m conntrack --ctstate NEW -j DROP
-A FORWARD -m mark --mark 0x2/0x3 -m conntrack --ctdir REPLY -j DROP
-A INPUT -m connmark ! --mark 0x0 -j DROP
COMMIT
`,
  },
};

/** Returns all of them, those of iptables for both its backends. */
export function siteRules(): Loadable[] {
  const ofNft = Object.entries(nft).map(
    ([name, text]): Loadable => ({
      name: `nft: ${name}`,
      ruleset: parseNft(text).ruleset,
      load: [{ command: ['nft', '-f', '-'], text }],
    }),
  );
  const ofIptables = Object.entries(iptables).flatMap(([name, { four, six }]) =>
    ['nft', 'legacy'].map((backend): Loadable => {
      const parsed = [
        parseDump(four, 'ip').ruleset,
        ...(six === undefined ? [] : [parseDump(six, 'ip6').ruleset]),
      ];
      return {
        name: `iptables-${backend}: ${name}`,
        ruleset: {
          tables: parsed.flatMap(({ tables }) => tables),
          opaque: parsed.flatMap(({ opaque }) => opaque),
        },
        load: [
          { command: [`iptables-${backend}-restore`], text: four },
          ...(six === undefined ? [] : [{ command: [`ip6tables-${backend}-restore`], text: six }]),
        ],
      };
    }),
  );
  return [...ofNft, ...ofIptables];
}
