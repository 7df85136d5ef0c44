import { beacon } from './beacon.ts';
import { bruteForce } from './brute-force.ts';
import { bruteForceFlows } from './brute-force-flows.ts';
import { connectionExhaustion } from './connection-exhaustion.ts';
import type { DetectorDefinition } from './detector.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { exfiltration } from './exfiltration.ts';
import { failingDialOut } from './failing-dial-out.ts';
import { newListeningPort } from './new-listening-port.ts';
import { newPeer } from './new-peer.ts';
import { newService } from './new-service.ts';
import { nxdomainBurst } from './nxdomain-burst.ts';
import { policyViolation } from './policy-violation.ts';
import { portScan } from './port-scan.ts';
import { synFlood } from './syn-flood.ts';
import { udpFlood } from './udp-flood.ts';
import { unusualVolume } from './unusual-volume.ts';

/** Every detector, in the order in which a flow meets them. */
export const detectors: readonly DetectorDefinition[] = [
  erase(policyViolation),
  erase(portScan),
  erase(bruteForce),
  erase(bruteForceFlows),
  erase(beacon),
  erase(failingDialOut),
  erase(dnsTunnel),
  erase(nxdomainBurst),
  erase(synFlood),
  erase(udpFlood),
  erase(connectionExhaustion),
  erase(exfiltration),
  erase(unusualVolume),
  erase(newPeer),
  erase(newService),
  erase(newListeningPort),
];

/** A definition whose options are known to its own schema only: what `create` gets has always been parsed by it. */
function erase<Options>(definition: DetectorDefinition<Options>): DetectorDefinition {
  return { ...definition, create: (options) => definition.create(definition.options.parse(options)) };
}
