import type { Alert } from '../detect/detector.ts';
import { type FlowJson, flowFromJson, flowToJson } from '../flow/json.ts';

/** An alert as it stands in JSON, in the API, in `picket alerts -o json` and in the store. */
export interface AlertJson extends Omit<Alert, 'flows'> {
  readonly flows: readonly FlowJson[];
}

/** Returns `alert` as it stands in JSON. */
export function alertToJson(alert: Alert): AlertJson {
  return { ...alert, flows: alert.flows.map(flowToJson) };
}

/** Returns the alert of {@link alertToJson}'s value. Throws when one of its flows cannot be read. */
export function alertFromJson(json: AlertJson): Alert {
  return { ...json, flows: json.flows.map(flowFromJson) };
}
