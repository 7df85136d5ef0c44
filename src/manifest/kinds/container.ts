import { z } from 'zod';
import {
  flag,
  integer,
  listOf,
  opaque,
  optional,
  portNumber,
  portReference,
  protocol,
  quantities,
  required,
  requireFields,
  text,
  textThat,
} from './fields.ts';
import { dnsLabelProblem, portNameProblem } from './syntax.ts';

const keySelector = () => optional(z.object({ name: text(), key: z.string(), optional: flag() }));

const environment = () =>
  listOf(
    z.object({
      name: z.string(),
      value: text(),
      valueFrom: optional(
        z.object({
          configMapKeyRef: keySelector(),
          secretKeyRef: keySelector(),
          fieldRef: optional(z.object({ apiVersion: text(), fieldPath: z.string() })),
          resourceFieldRef: opaque(),
          fileKeyRef: opaque(),
        }),
      ),
    }),
  );

const source = () => optional(z.object({ name: text(), optional: flag() }));

const environmentFrom = () =>
  listOf(z.object({ prefix: text(), configMapRef: source(), secretRef: source() }));

const httpGet = () =>
  optional(
    z.object({
      host: text(),
      path: text(),
      port: portReference(),
      scheme: optional(z.enum(['HTTP', 'HTTPS'])),
      httpHeaders: listOf(z.object({ name: z.string(), value: z.string() })),
    }),
  );
const exec = () => optional(z.object({ command: listOf(z.string()) }));
const tcpSocket = () => optional(z.object({ host: text(), port: portReference() }));

const probe = () =>
  optional(
    z.object({
      exec: exec(),
      httpGet: httpGet(),
      tcpSocket: tcpSocket(),
      grpc: optional(z.object({ port: portNumber(), service: text() })),
      initialDelaySeconds: integer(),
      periodSeconds: integer(),
      timeoutSeconds: integer(),
      successThreshold: integer(),
      failureThreshold: integer(),
      terminationGracePeriodSeconds: integer(),
    }),
  );

const hook = () =>
  optional(
    z.object({
      exec: exec(),
      httpGet: httpGet(),
      tcpSocket: tcpSocket(),
      sleep: optional(z.object({ seconds: z.int() })),
    }),
  );

const profile = () => optional(z.object({ type: z.string(), localhostProfile: text() }));

/** What pod and container security contexts share. */
export const identityFields = () => ({
  runAsUser: integer(),
  runAsGroup: integer(),
  runAsNonRoot: flag(),
  seLinuxOptions: opaque(),
  windowsOptions: opaque(),
  seccompProfile: profile(),
  appArmorProfile: profile(),
});

const securityContext = () =>
  optional(
    z.object({
      ...identityFields(),
      privileged: flag(),
      allowPrivilegeEscalation: flag(),
      readOnlyRootFilesystem: flag(),
      procMount: text(),
      capabilities: optional(z.object({ add: listOf(z.string()), drop: listOf(z.string()) })),
    }),
  );

const port = () =>
  z
    .object({
      name: optional(textThat(portNameProblem)),
      containerPort: required(portNumber()),
      hostPort: optional(portNumberOrNone()),
      hostIP: text(),
      protocol: protocol(),
    })
    .superRefine(requireFields('containerPort'));

/** 0 stands for "none" in hostPort. */
const portNumberOrNone = () => z.union([z.literal(0), portNumber()]);

const mount = () =>
  z.object({
    name: z.string(),
    mountPath: z.string(),
    subPath: text(),
    subPathExpr: text(),
    readOnly: flag(),
    recursiveReadOnly: text(),
    mountPropagation: text(),
  });

/** Fields of a Container (core/v1); init containers are the same. */
const fields = () => ({
  name: required(textThat(dnsLabelProblem)),
  image: text(),
  imagePullPolicy: optional(z.enum(['Always', 'IfNotPresent', 'Never'])),
  command: listOf(z.string()),
  args: listOf(z.string()),
  workingDir: text(),
  ports: listOf(port()),
  env: environment(),
  envFrom: environmentFrom(),
  resources: optional(
    z.object({
      limits: quantities(),
      requests: quantities(),
      claims: listOf(z.looseObject({ name: z.string() })),
    }),
  ),
  resizePolicy: listOf(z.looseObject({})),
  restartPolicy: text(),
  restartPolicyRules: listOf(z.looseObject({})),
  volumeMounts: listOf(mount()),
  volumeDevices: listOf(z.object({ name: z.string(), devicePath: z.string() })),
  livenessProbe: probe(),
  readinessProbe: probe(),
  startupProbe: probe(),
  lifecycle: optional(z.object({ postStart: hook(), preStop: hook(), stopSignal: text() })),
  securityContext: securityContext(),
  terminationMessagePath: text(),
  terminationMessagePolicy: optional(z.enum(['File', 'FallbackToLogsOnError'])),
  stdin: flag(),
  stdinOnce: flag(),
  tty: flag(),
});

export const container = () => z.object(fields()).superRefine(requireFields('name'));
export const ephemeralContainer = () =>
  z.object({ ...fields(), targetContainerName: text() }).superRefine(requireFields('name'));

export type Container = z.infer<ReturnType<typeof container>>;
export type ContainerPort = z.infer<ReturnType<typeof port>>;
