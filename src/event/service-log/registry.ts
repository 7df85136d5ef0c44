import { kernelFirewall } from './formats/kernel-firewall.ts';
import { mikrotik } from './formats/mikrotik.ts';
import { nginxError } from './formats/nginx-error.ts';
import { sshd } from './formats/sshd.ts';
import { webAccess } from './formats/web-access.ts';
import type { LogFormat } from './log-format.ts';

/** Every kind of service whose logs are read, in the order in which they are tried. */
export const serviceLogFormats: readonly LogFormat[] = [
  sshd,
  kernelFirewall,
  mikrotik,
  nginxError,
  webAccess,
];
