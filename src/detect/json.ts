import { type FlowJson, flowFromJson, flowToJson } from '../flow/json.ts';
import type { Alert } from './detector.ts';

/** An alert as it stands in JSON, in the API, in `picket alerts -o json` and in the store. Times: ms since the epoch. */
export interface AlertJson extends Omit<Alert, 'flows'> {
  readonly flows: readonly FlowJson[];
}

/** Returns the alert in its JSON form. */
export function alertToJson(alert: Alert): AlertJson {
  return { ...alert, flows: alert.flows.map(flowToJson) };
}

/** Returns the alert that `json` stands for. Throws an Error when one of its flows cannot be read. */
export function alertFromJson(json: AlertJson): Alert {
  return { ...json, flows: json.flows.map(flowFromJson) };
}
