import type { LogObservation } from '../event/service-log/log-observation.ts';
import { parseAddress } from '../net/address.ts';

/** A failed login at ssh for tests, from an address. */
export function failedLogin(from: string, changes: Partial<LogObservation> = {}): LogObservation {
  return {
    at: 1000,
    service: 'ssh',
    source: parseAddress(from)!,
    outcome: 'failed',
    user: 'root',
    method: 'password',
    ...changes,
  };
}

/** A successful one. */
export function login(from: string, changes: Partial<LogObservation> = {}): LogObservation {
  return failedLogin(from, { outcome: 'succeeded', ...changes });
}
