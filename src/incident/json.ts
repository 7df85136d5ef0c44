import type { Incident } from './incident.ts';

/** Version of the JSON form of an incident; grows when a field changes its meaning or goes. */
export const incidentSchemaVersion = 1;

/** An incident as it stands in JSON, in the API, in `picket incidents -o json` and in the store. Times: ms since the epoch. */
export interface IncidentJson extends Incident {
  readonly schemaVersion: typeof incidentSchemaVersion;
}

/** Returns the incident in its JSON form. */
export function incidentToJson(incident: Incident): IncidentJson {
  return { schemaVersion: incidentSchemaVersion, ...incident };
}

/** Returns the incident that `json` stands for. Throws an Error when a later version wrote it. */
export function incidentFromJson(json: IncidentJson): Incident {
  const { schemaVersion, ...incident } = json;
  if (schemaVersion !== incidentSchemaVersion)
    throw new Error(
      `this incident is of version ${schemaVersion}, and only ${incidentSchemaVersion} is known`,
    );
  return incident;
}
