import type { Resource } from '../../manifest/resource.ts';
import { lastOfEach } from '../../segmentation/inventory.ts';
import type { Inventory } from '../../segmentation/model.ts';
import type { ConfigFile } from './config-file.ts';
import { type Consumption, readConsumption } from './consumption.ts';
import { readPods } from './container.ts';
import type { ContainerFacts, PodFacts } from './container-facts.ts';
import { type DataObject, readDataObjects } from './data-object.ts';
import { type FalcoConfig, type FalcoRulesFile, readFalcoConfigs, readFalcoRules } from './falco.ts';
import {
  type NginxAnnotation,
  type NginxConfig,
  readNginxAnnotations,
  readNginxConfigs,
  readNginxFiles,
} from './nginx.ts';
import { type PrometheusConfig, readPrometheusConfigs } from './prometheus.ts';
import { type Commands, type DirectCommand, readCommands, type ShellScript } from './script.ts';
import { readWireguardConfigs, type WireguardConfigFile } from './wireguard.ts';

/**
 * The controls that stand in objects of other kinds, found where people put them. Each is read when first asked for, and
 * kept. Every value knows its place in the files; `key.object` and `container.workload` lead back to what it is part of.
 *
 * | member             | what it is, and where it is found                                                       |
 * |--------------------|-----------------------------------------------------------------------------------------|
 * | `objects`          | every ConfigMap and Secret with its keys; texts decoded on demand                       |
 * | `pods`             | every workload's pod: host namespaces, tolerations, containers                          |
 * | `containers`       | every container of these: image, security, ports, mounts, argv                          |
 * | `consumption`      | who uses which object, as which file; what nobody uses; what is not in the set          |
 * | `falcoConfigs`     | ConfigMap keys that are a `falco.yaml`                                                   |
 * | `falcoRules`       | ConfigMap keys with rules, macros and lists of Falco                                    |
 * | `nginxConfigs`     | ConfigMaps of ingress-nginx settings, key by key                                        |
 * | `nginxAnnotations` | `nginx.ingress.kubernetes.io/…` on Ingresses                                            |
 * | `nginxFiles`       | ConfigMap keys that are a whole `nginx.conf`, as text                                   |
 * | `prometheusConfigs`| ConfigMap keys that are a `prometheus.yml`: jobs, targets, discovery                    |
 * | `wireguardConfigs` | Secret and ConfigMap keys `*.conf` with an `[Interface]` section, as text               |
 * | `scripts`          | shell scripts that containers run: `sh -c …`, hooks, files mounted from ConfigMaps      |
 * | `commands`         | programs that containers run without a shell, as words                                  |
 */
export interface Controls {
  readonly objects: readonly DataObject[];
  readonly pods: readonly PodFacts[];
  readonly containers: readonly ContainerFacts[];
  readonly consumption: Consumption;
  readonly falcoConfigs: readonly FalcoConfig[];
  readonly falcoRules: readonly FalcoRulesFile[];
  readonly nginxConfigs: readonly NginxConfig[];
  readonly nginxAnnotations: readonly NginxAnnotation[];
  readonly nginxFiles: readonly ConfigFile[];
  readonly prometheusConfigs: readonly PrometheusConfig[];
  readonly wireguardConfigs: readonly WireguardConfigFile[];
  readonly scripts: readonly ShellScript[];
  readonly commands: readonly DirectCommand[];
}

/** Returns the controls of the resources, whose workloads are those of `inventory`. Never throws on their content. */
export function readControls(resources: readonly Resource[], inventory: Inventory): Controls {
  return new LazyControls(resources, inventory);
}

class LazyControls implements Controls {
  readonly #resources: readonly Resource[];
  readonly #inventory: Inventory;
  readonly #read = new Map<string, unknown>();

  constructor(resources: readonly Resource[], inventory: Inventory) {
    this.#resources = resources;
    this.#inventory = inventory;
  }

  /** Without those that a later version of the same object replaces. */
  get #declared(): readonly Resource[] {
    return this.#once('declared', () => lastOfEach(this.#resources));
  }

  get objects(): readonly DataObject[] {
    return this.#once('objects', () => readDataObjects(this.#declared));
  }

  get pods(): readonly PodFacts[] {
    return this.#once('pods', () => readPods(this.#inventory.workloads));
  }

  get containers(): readonly ContainerFacts[] {
    return this.#once('containers', () => this.pods.flatMap(({ containers }) => containers));
  }

  get consumption(): Consumption {
    return this.#once('consumption', () => readConsumption(this.objects, this.pods, this.#declared));
  }

  get falcoConfigs(): readonly FalcoConfig[] {
    return this.#once('falcoConfigs', () => readFalcoConfigs(this.objects));
  }

  get falcoRules(): readonly FalcoRulesFile[] {
    return this.#once('falcoRules', () => readFalcoRules(this.objects));
  }

  get nginxConfigs(): readonly NginxConfig[] {
    return this.#once('nginxConfigs', () => readNginxConfigs(this.objects, this.consumption));
  }

  get nginxAnnotations(): readonly NginxAnnotation[] {
    return this.#once('nginxAnnotations', () => readNginxAnnotations(this.#declared));
  }

  get nginxFiles(): readonly ConfigFile[] {
    return this.#once('nginxFiles', () => readNginxFiles(this.objects));
  }

  get prometheusConfigs(): readonly PrometheusConfig[] {
    return this.#once('prometheusConfigs', () => readPrometheusConfigs(this.objects));
  }

  get wireguardConfigs(): readonly WireguardConfigFile[] {
    return this.#once('wireguardConfigs', () => readWireguardConfigs(this.objects));
  }

  get scripts(): readonly ShellScript[] {
    return this.#commands.scripts;
  }

  get commands(): readonly DirectCommand[] {
    return this.#commands.commands;
  }

  get #commands(): Commands {
    return this.#once('commands', () => readCommands(this.pods, this.consumption));
  }

  #once<T>(name: string, read: () => T): T {
    if (!this.#read.has(name)) this.#read.set(name, read());
    return this.#read.get(name) as T;
  }
}
