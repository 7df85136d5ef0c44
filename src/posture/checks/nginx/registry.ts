import type { Check } from '../definition.ts';
import { annotationValue } from './annotation-value.ts';
import { ciphersLeftOut } from './ciphers-left-out.ts';
import { configDefaults } from './config-defaults.ts';
import { configMapUnread } from './config-map-unread.ts';
import { configValue } from './config-value.ts';
import { forcedRedirect } from './forced-redirect.ts';
import { forwardedFromAnyone } from './forwarded-from-anyone.ts';
import { limitsPerClient } from './limits-per-client.ts';
import { rateLimitNotRead } from './rate-limit-not-read.ts';
import { retiredController } from './retired-controller.ts';
import { unknownAnnotation } from './unknown-annotation.ts';
import { unknownConfigKey } from './unknown-config-key.ts';

/** Checks over ingress-nginx: annotations of Ingresses, and the controller's ConfigMap. */
export const nginxChecks: readonly Check[] = [
  rateLimitNotRead,
  unknownAnnotation,
  annotationValue,
  limitsPerClient,
  retiredController,
  configMapUnread,
  configValue,
  unknownConfigKey,
  ciphersLeftOut,
  configDefaults,
  forcedRedirect,
  forwardedFromAnyone,
];
