/** A mistake of the source document: the codes that tell it, each with the line where it must be told. */
export interface ExpectedFinding {
  readonly item: number;
  readonly what: string;
  readonly told: readonly (readonly [code: string, line: number])[];
}

const finding = (item: number, what: string, ...told: ExpectedFinding['told']): ExpectedFinding => ({
  item,
  what,
  told,
});

/** The mistakes that experts found in the document, numbered. */
export const expectedFindings: readonly ExpectedFinding[] = [
  finding(1, 'a namespace label that nothing sets', ['PKT1004', 37]),
  finding(2, 'a whole namespace is trusted', ['PKT1010', 36]),
  finding(3, 'egress without DNS', ['PKT1011', 41]),
  finding(4, 'only one tier is isolated', ['PKT1012', 27], ['PKT1013', 44]),
  finding(5, 'egress without istiod', ['PKT1046', 41]),
  finding(6, 'scraping is blocked; nothing without an enforcing plugin', ['PKT1310', 33], ['PKT1019', 22]),
  finding(7, 'the mesh allows nothing', ['PKT1040', 68]),
  finding(8, 'a name that misleads', ['PKT1041', 66]),
  finding(9, 'STRICT against a client outside the mesh', ['PKT1042', 35]),
  finding(
    10,
    'one namespace; no injection shown; old version',
    ['PKT1043', 58],
    ['PKT1045', 58],
    ['PKT1044', 54],
  ),
  finding(11, 'a rules file that nothing loads', ['PKT1150', 96]),
  finding(12, 'rules_file is deprecated', ['PKT1151', 83]),
  finding(13, 'outputs was removed', ['PKT1152', 92]),
  finding(14, 'audit rules without their plugin', ['PKT1153', 85]),
  finding(15, 'no output; no container plugin', ['PKT1155', 82], ['PKT1156', 84]),
  finding(16, 'a ConfigMap that nothing mounts', ['PKT1330', 79]),
  finding(17, 'a rule that means something else', ['PKT1160', 101], ['PKT1161', 101], ['PKT1162', 102]),
  finding(18, 'annotations that do not exist', ['PKT1100', 114]),
  finding(19, 'limits are per client and replica', ['PKT1103', 114]),
  finding(20, 'no ingress class', ['PKT1080', 117]),
  finding(21, 'no certificate', ['PKT1081', 119]),
  finding(22, 'the default namespace, a Service nobody declares', ['PKT1083', 111], ['PKT1084', 126]),
  finding(23, 'ingress-nginx is retired', ['PKT1104', 112]),
  finding(24, 'no DaemonSet in v1', ['PKT0021', 136]),
  finding(25, 'the image has no iptables', ['PKT1200', 153]),
  finding(26, 'the script ends and appends again', ['PKT1201', 171], ['PKT1202', 159]),
  finding(27, 'the node is cut off', ['PKT1203', 171], ['PKT1204', 171]),
  finding(28, 'no unit, no INVALID, old match', ['PKT1206', 159], ['PKT1207', 165], ['PKT1205', 159]),
  finding(29, 'IPv4 and INPUT alone', ['PKT1208', 171], ['PKT1209', 171]),
  finding(30, 'administration open to all; no control plane', ['PKT1210', 165], ['PKT1211', 139]),
  finding(
    31,
    'backend mismatch, rules that outlive; privileged without need, no resources',
    ['PKT1212', 159],
    ['PKT1213', 171],
    ['PKT1340', 173],
    ['PKT1343', 152],
  ),
  finding(32, 'a ConfigMap that the controller does not read', ['PKT1105', 185]),
  finding(33, 'ssl-session-cache is a boolean', ['PKT1106', 191]),
  finding(34, 'a setting that does not exist', ['PKT1107', 190]),
  finding(35, 'ciphers that leave devices out', ['PKT1108', 189]),
  finding(36, 'settings as the defaults; redirects', ['PKT1109', 187], ['PKT1110', 194]),
  finding(37, 'placeholder keys, the default route goes', ['PKT1250', 209], ['PKT1252', 226]),
  finding(38, 'one identity on every node', ['PKT1253', 213]),
  finding(39, 'AllowedIPs of the whole tunnel', ['PKT1254', 209], ['PKT1256', 209]),
  finding(40, 'no keepalive, no routing; the port is closed', ['PKT1257', 209], ['PKT1204', 171]),
  finding(41, 'an old path; subPath is never renewed', ['PKT1258', 238], ['PKT1335', 239]),
  finding(42, 'a key in Git, and readable by all', ['PKT1336', 209], ['PKT1337', 242]),
  finding(
    43,
    'a moot list of capabilities, SYS_MODULE, a moving tag, no probes',
    ['PKT1340', 231],
    ['PKT1341', 235],
    ['PKT1342', 229],
    ['PKT1342', 153],
    ['PKT1343', 228],
  ),
  finding(44, "on the host's network, out of reach of policies", ['PKT1344', 150], ['PKT1344', 226]),
  finding(
    45,
    'a target that nobody declares, and more',
    ['PKT1300', 261],
    ['PKT1301', 261],
    ['PKT1302', 261],
    ['PKT1303', 257],
    ['PKT1304', 263],
    ['PKT1330', 254],
  ),
];

/** Lines on which nothing may be told, since they are right. */
export const rightLines: readonly (readonly [what: string, line: number])[] = [
  ['policyTypes', 30],
  ['a selector', 28],
  ['limit-connections exists', 116],
  ['path', 122],
  ['pathType', 123],
  ['hostPID is a field of the pod', 174],
  ['base64 over lines', 210],
];
