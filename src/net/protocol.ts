/** Protocol numbers that Picket's own code speaks of (IANA, Assigned Internet Protocol Numbers). */
export const Protocol = {
  Icmp: 1,
  Tcp: 6,
  Udp: 17,
  Icmpv6: 58,
  Sctp: 132,
} as const;

/**
 * Keywords of the IANA registry "Assigned Internet Protocol Numbers" in lower case, by number; an empty one where the
 * registry has none.
 */
const keywords: readonly string[] = [
  'hopopt icmp igmp ggp ipv4 st tcp cbt egp igp bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux dcn-meas hmp prm',
  'xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp idpr-cmtp',
  'tp++ il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp swipe narp min-ipv4 tlsp skip ipv6-icmp',
  'ipv6-nonxt ipv6-opts - cftp - sat-expak kryptolan rvd ippc - sat-mon visa ipcv cpnx cphb wsn pvp br-sat-mon sun-nd',
  'wb-mon wb-expak iso-ip vmtp secure-vmtp vines iptm nsfnet-igp dgp tcf eigrp ospfigp sprite-rpc larp mtp ax.25 ipip',
  'micp scc-sp etherip encap - gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp compaq-peer ipx-in-ip vrrp pgm - l2tp',
  'ddx iatp stp srp uti smp sm ptp isis fire crtp crudp sscopmce iplt sps pipe sctp fc rsvp-e2e-ignore',
  'mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc ethernet aggfrag nsh',
].flatMap((line) => line.split(' ').map((keyword) => (keyword === '-' ? '' : keyword)));

/** Other names in wide use: those of nftables, iptables and tcpdump. */
const aliases: Readonly<Record<string, number>> = {
  icmpv6: Protocol.Icmpv6,
  icmp6: Protocol.Icmpv6,
  ipencap: 4,
  ospf: 89,
};

const numbers: ReadonlyMap<string, number> = new Map([
  ...keywords
    .map((keyword, number): [string, number] => [keyword, number])
    .filter(([keyword]) => keyword !== ''),
  ...Object.entries(aliases),
]);

/** Returns the IANA keyword of a protocol number in lower case, e.g. `tcp`; the number as text where there is none. */
export function protocolName(number: number): string {
  return keywords[number] || String(number);
}

/**
 * Returns the number of the protocol with this IANA keyword or common alias in any case, or written as a decimal
 * number from 0 to 255; undefined for anything else.
 */
export function protocolNumber(text: string): number | undefined {
  if (/^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return Number(text);
  return numbers.get(text.toLowerCase());
}
