/** Names of the rules language that stand for traffic, as macros of the shipped rules or as types of events. */
export const falcoTraffic: ReadonlySet<string> = new Set([
  'accept',
  'accept4',
  'bind',
  'connect',
  'consider_all_outbound_conns',
  'inbound',
  'inbound_outbound',
  'listen',
  'outbound',
  'outbound_connect',
  'recvfrom',
  'recvmsg',
  'sendmmsg',
  'sendmsg',
  'sendto',
  'socket',
]);

/** Programs that show sockets and open none. */
export const socketViewers: ReadonlySet<string> = new Set(['ss', 'netstat', 'lsof']);

/** Programs that open connections of their user's choice. */
export const connectingTools: ReadonlySet<string> = new Set([
  'nc',
  'ncat',
  'netcat',
  'nmap',
  'socat',
  'telnet',
  'curl',
  'wget',
]);

/** What makes an alert of a container findable; the plugin `container` gives these fields. */
export const workloadFields =
  'container=%container.id image=%container.image.repository namespace=%k8s.ns.name pod=%k8s.pod.name';
