import type { Check } from '../definition.ts';
import { backendNotDeclared } from './backend-not-declared.ts';
import { backendPort } from './backend-port.ts';
import { backendWithoutPods } from './backend-without-pods.ts';
import { entryInClearText } from './entry-in-clear-text.ts';
import { ingressInDefaultNamespace } from './ingress-in-default-namespace.ts';
import { ingressWithoutClass } from './ingress-without-class.ts';
import { listenerWithoutCertificate } from './listener-without-certificate.ts';
import { referenceNotGranted } from './reference-not-granted.ts';
import { routeRefused } from './route-refused.ts';
import { tlsHosts } from './tls-hosts.ts';

/** Checks over the ways in from outside: Ingress, Gateway API, OpenShift Route. */
export const entryChecks: readonly Check[] = [
  ingressWithoutClass,
  entryInClearText,
  tlsHosts,
  ingressInDefaultNamespace,
  backendNotDeclared,
  backendPort,
  backendWithoutPods,
  referenceNotGranted,
  routeRefused,
  listenerWithoutCertificate,
];
