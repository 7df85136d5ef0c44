import type { Resource } from '../../manifest/resource.ts';
import type { Inventory, Workload } from '../model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import type { EntryProxy } from './model.ts';
import { type ProxyProduct, productsOf, proxyProducts } from './products.ts';

/** The pods of a Gateway of its own: Gateway API GEP-1762, and what implementations before it set. */
const gatewayNameLabels = [
  'gateway.networking.k8s.io/gateway-name',
  'gateway.envoyproxy.io/owning-gateway-name',
];
const owningNamespaceLabel = 'gateway.envoyproxy.io/owning-gateway-namespace';

/** Finds the declared pods that forward what comes in. */
export class Proxies {
  readonly #byProduct: ReadonlyMap<ProxyProduct, readonly Workload[]>;
  readonly #byGateway: ReadonlyMap<string, readonly Workload[]>;

  constructor({ workloads }: Inventory) {
    const running = workloads.filter(({ finished }) => !finished);
    this.#byProduct = new Map(
      proxyProducts.map((product) => [product, running.filter((workload) => isOf(product, workload))]),
    );
    this.#byGateway = Map.groupBy(running, ({ labels, namespace }) => {
      const name = gatewayNameLabels.map((label) => labels.known.get(label)).find(Boolean);
      return name === undefined ? '' : `${labels.known.get(owningNamespaceLabel) ?? namespace.name}/${name}`;
    });
  }

  /** Returns who serves a class, by the name of its controller or else by its own. */
  ofClass(className: string | undefined, controller: string | undefined): EntryProxy {
    const workloads = productsOf(controller, className).flatMap(
      (product) => this.#byProduct.get(product) ?? [],
    );
    return { className, controller, workloads: workloads.length > 0 ? workloads : undefined };
  }

  /** Returns who serves a Gateway: pods of its own, or else those of its class. */
  ofGateway(
    namespace: string,
    name: string,
    className: string | undefined,
    controller: string | undefined,
  ): EntryProxy {
    const own = this.#byGateway.get(`${namespace}/${name}`);
    return own === undefined
      ? this.ofClass(className, controller)
      : { className, controller, workloads: own };
  }

  /** Returns the ingress-nginx pods that are told to serve Ingresses without a class. */
  takingClassless(): readonly Workload[] {
    const [nginx] = productsOf('k8s.io/ingress-nginx', undefined);
    const pods = (nginx && this.#byProduct.get(nginx)) ?? [];
    return pods.filter((workload) => argumentsOf(workload).some(isWatchingClassless));
  }
}

function isWatchingClassless(argument: string): boolean {
  return argument === '--watch-ingress-without-class' || argument === '--watch-ingress-without-class=true';
}

function isOf({ podLabels }: ProxyProduct, { labels }: Workload): boolean {
  return podLabels.some((wanted) =>
    Object.entries(wanted).every(([key, value]) => labels.known.get(key) === value),
  );
}

function argumentsOf({ source, podPath }: Workload): string[] {
  const containers = listOf(fieldAt(source.value, ...(podPath as string[]), 'spec', 'containers'));
  return containers.flatMap((container) => {
    const { command, args } = fieldsOf(container);
    return [...listOf(command), ...listOf(args)].filter((value) => typeof value === 'string');
  });
}

/** An object that names the controller of a class of Ingresses or Gateways. */
export interface ProxyClass {
  readonly name: string;
  readonly controller: string | undefined;
  readonly isDefault: boolean;
  readonly source: Resource;
}

/** Returns what an IngressClass or a GatewayClass tells. */
export function readClass(source: Resource): ProxyClass {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  return {
    name: source.name,
    controller: textOf(spec.controller) ?? textOf(spec.controllerName),
    isDefault: source.annotations['ingressclass.kubernetes.io/is-default-class'] === 'true',
    source,
  };
}
