/** An Ingress of class nginx in namespace shop; `annotations` are without the prefix, a line each. */
export function ingressYaml(annotations: string, name = 'web'): string {
  const lines = annotations
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `    nginx.ingress.kubernetes.io/${line}\n`);
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  namespace: shop
  annotations:
    example.com/other: kept
${lines.join('')}spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: web, port: {number: 80}}}
`;
}

/** A ConfigMap, by default the controller's own; `data` is a line each. */
export function settingsYaml(data: string, name = 'ingress-nginx/ingress-nginx-controller'): string {
  const [namespace, own] = name.split('/');
  const lines = data
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `  ${line}\n`);
  return `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${own}
  namespace: ${namespace}
data:
${lines.join('')}`;
}

/** A controller with these arguments; `more` goes into the pod's spec. */
export function controllerYaml(args = '', more = ''): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app: controller}}
  template:
    metadata: {labels: {app: controller}}
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.15.1
        args: [/nginx-ingress-controller${args && `, ${args}`}]
${more && `      ${more}\n`}`;
}
