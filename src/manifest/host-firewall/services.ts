/** Traffic of a protocol, to some of its ports where it has any. */
export interface ServiceTraffic {
  /** IANA keyword of the protocol, e.g. `tcp`. */
  readonly protocol: string;
  /** E.g. `22` or `2379-2380`; absent where the protocol has none. */
  readonly ports?: string;
}

/** A service that rules name. */
export interface HostService {
  readonly traffic: readonly ServiceTraffic[];
  readonly doc: string;
}

/**
 * Services by name. Ports are those of the IANA registry of service names and port numbers; of Kubernetes those of "Ports and
 * Protocols" in its reference; of other products the ones that their documentation presets.
 */
export const hostServices: Readonly<Record<string, HostService>> = {
  ssh: tcp('22', 'Secure Shell'),
  http: tcp('80', 'HTTP'),
  https: tcp('443', 'HTTP over TLS'),
  http3: udp('443', 'HTTP over QUIC'),
  dns: both('53', 'Domain Name System'),
  'dns-over-tls': tcp('853', 'DNS over TLS'),
  ntp: udp('123', 'Network Time Protocol'),
  'dhcp-server': udp('67,547', 'DHCP and DHCPv6, on the server'),
  tftp: udp('69', 'Trivial File Transfer'),
  mdns: udp('5353', 'multicast DNS'),
  smtp: tcp('25', 'mail transfer'),
  submission: tcp('587', 'mail submission'),
  imaps: tcp('993', 'IMAP over TLS'),
  ldap: both('389', 'LDAP'),
  ldaps: tcp('636', 'LDAP over TLS'),
  snmp: udp('161', 'SNMP'),
  'snmp-trap': udp('162', 'SNMP traps'),
  syslog: udp('514', 'syslog'),
  'syslog-tls': tcp('6514', 'syslog over TLS'),
  bgp: tcp('179', 'Border Gateway Protocol'),
  nfs: tcp('2049', 'Network File System 4'),
  rdp: both('3389', 'Remote Desktop'),
  mqtt: tcp('1883', 'MQTT'),
  mqtts: tcp('8883', 'MQTT over TLS'),
  amqp: tcp('5672', 'AMQP'),
  amqps: tcp('5671', 'AMQP over TLS'),
  modbus: tcp('502', 'Modbus'),
  'opc-ua': tcp('4840', 'OPC UA'),
  postgresql: tcp('5432', 'PostgreSQL'),
  mysql: tcp('3306', 'MySQL'),
  redis: tcp('6379', 'Redis'),
  wireguard: udp('51820', "WireGuard, at the port of its documentation's examples"),
  openvpn: udp('1194', 'OpenVPN'),
  ipsec: {
    traffic: [{ protocol: 'udp', ports: '500,4500' }, { protocol: 'esp' }, { protocol: 'ah' }],
    doc: 'IKE, with and without NAT traversal, ESP and AH',
  },
  vxlan: udp('4789', 'VXLAN'),
  geneve: udp('6081', 'Geneve'),
  'flannel-vxlan': udp('8472', 'VXLAN of flannel, k3s and Cilium'),
  'calico-typha': tcp('5473', 'Typha of Calico'),
  'kubernetes-api': tcp('6443', 'API server of Kubernetes'),
  kubelet: tcp('10250', 'kubelet'),
  'kube-controller-manager': tcp('10257', 'kube-controller-manager'),
  'kube-scheduler': tcp('10259', 'kube-scheduler'),
  'kube-proxy': tcp('10256', 'health of kube-proxy, for balancers'),
  etcd: tcp('2379-2380', 'etcd, clients and peers'),
  'node-ports': both('30000-32767', 'ports of Services on nodes, at their preset range'),
  'rke2-supervisor': tcp('9345', 'supervisor of RKE2, where nodes join'),
  prometheus: tcp('9090', 'Prometheus'),
  alertmanager: tcp('9093', 'Alertmanager'),
  'node-exporter': tcp('9100', 'node exporter of Prometheus'),
  grafana: tcp('3000', 'Grafana'),
  loki: tcp('3100', 'Loki'),
};

function tcp(ports: string, doc: string): HostService {
  return { traffic: [{ protocol: 'tcp', ports }], doc };
}

function udp(ports: string, doc: string): HostService {
  return { traffic: [{ protocol: 'udp', ports }], doc };
}

function both(ports: string, doc: string): HostService {
  return {
    traffic: [
      { protocol: 'tcp', ports },
      { protocol: 'udp', ports },
    ],
    doc,
  };
}
